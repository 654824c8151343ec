"""What is said in the demo: dialogues as data, one step per message or action."""

from dataclasses import dataclass

from tests.simulator.cast import BAKERY, CLINIC


@dataclass(frozen=True, slots=True)
class Step:
    """``who``: them, us, or m0…m3 in a group. ``what`` and ``more`` mean what ``act`` says."""

    who: str
    act: str
    what: str = ""
    more: str = ""
    trouble: str = ""


def them(words: str) -> Step:
    return Step("them", "text", words)


def us(words: str) -> Step:
    return Step("us", "text", words)


def sends(sample: str, caption: str = "", who: str = "them", trouble: str = "") -> Step:
    return Step(who, "file", sample, caption, trouble)


def does(act: str, what: str = "", more: str = "", who: str = "them") -> Step:
    return Step(who, act, what, more)


Dialogue = tuple[Step, ...]

OPENING: dict[str, list[Dialogue]] = {
    BAKERY: [
        (
            them("Bom dia! Vocês fazem bolo de aniversário por encomenda?"),
            us("Bom dia, fazemos sim! Para quantas pessoas?"),
            them("Umas 20. Queria algo assim:"),
            sends("cake.jpg", "Adorei esse aqui 🎂"),
            does("reply", "Lindo! Esse de dois andares sai por R$ 148,50.", who="us"),
            does("react", "❤️"),
            sends("quote.pdf", "Segue o orçamento", who="us"),
            sends("voice-order.ogg"),
            sends("receipt.png", "Pagamento feito ✅"),
        ),
        (
            them("Oi! O pão de fermentação natural sai que horas?"),
            us("A primeira fornada sai às 6h30"),
            does("edit", "A primeira fornada sai às 6h, a segunda às 15h", who="us"),
            does("album", "bread.jpg,sunset.jpg,cake.jpg", "fotos da visita de ontem"),
            sends("smile.webp"),
        ),
        (
            does("place", "Praça da Aurora", "Rua de Exemplo, 10 - São Paulo"),
            them("A entrega pode ser nesse endereço?"),
            does("card"),
            us("Pode sim, entregamos até as 18h"),
            sends("morning.mp4", "o nascer do sol daqui hoje 😍", trouble="cut"),
        ),
    ],
    CLINIC: [
        (
            them("Boa tarde, gostaria de marcar uma consulta com a dermatologista"),
            us("Boa tarde! Temos quinta às 10h ou sexta às 14h30."),
            them("Sexta 14h30, por favor"),
            does("reply", "Marcado ✅ Chegue 15 minutos antes.", who="us"),
            sends("guide.pdf", "Orientações para a consulta", who="us"),
            does("react", "🙏"),
            sends("voice-appointment.ogg"),
        ),
        (
            them("Hello! Is it possible to reschedule my appointment?"),
            us("Of course, Grace. Which day suits you?"),
            them("Next Tuesday morning, if possible"),
            does("edit", "Next Tuesday or Wednesday morning, if possible"),
            sends("clinic.jpg", "Is this the right building?"),
            sends("wink.webp", who="us"),
        ),
        (
            sends("agreement.docx", "Contrato assinado"),
            sends("prices.xlsx"),
            sends("orders.csv", "lista dos pedidos de exame"),
            does("revoke"),
            does("place", "Clínica Horizonte", "Rua de Exemplo, 100 - 2º andar", who="us"),
            sends("morning.mp4", "vídeo da fachada"),
            sends("song.mp3"),
            does("card"),
        ),
    ],
}

SECOND_OPENING: dict[str, list[Dialogue]] = {
    BAKERY: [
        (
            them("Olá! Encomenda para a festa da empresa: dá para fazer 200 docinhos?"),
            us("Dá sim, com três dias de antecedência"),
            does("album", "cake.jpg,bread.jpg", "algo neste estilo"),
            sends("morning.mp4", "o salão da festa, de manhã"),
            sends("prices.xlsx", "a tabela completa", who="us"),
            does("react", "🙌"),
            sends("wink.webp"),
        ),
    ],
    CLINIC: [
        (
            them("Bom dia, enviei os exames por aqui, podem confirmar?"),
            sends("quote.pdf", "guia do convênio"),
            sends("clinic.jpg"),
            us("Recebidos! O médico avalia ainda hoje."),
            does("reply", "Obrigado pela rapidez 🙏"),
            sends("morning.mp4", "vídeo da fisioterapia"),
            sends("agreement.docx", "termo para assinar", who="us"),
        ),
    ],
}

EVERYDAY: dict[str, list[Dialogue]] = {
    BAKERY: [
        (
            them("Tem pão de queijo hoje?"),
            us("Acabou de sair do forno! 🧀"),
            them("Separa 12 pra mim?"),
            us("Separado!"),
        ),
        (
            them("Quero encomendar um cento de salgados"),
            us("Para quando?"),
            them("Sábado às 16h"),
            does("react", "👍", who="us"),
        ),
        (
            sends("bread.jpg", "olha como ficou a mesa do café"),
            us("Que capricho! 😍"),
            them("Obrigada pelo carinho de sempre"),
        ),
        (
            them("Do you have gluten-free bread?"),
            us("Yes, on Wednesdays and Saturdays"),
            them("Great, see you Saturday!"),
        ),
        (sends("voice-order.ogg"), us("Anotado! Bolo de chocolate para sábado."), does("react", "😋")),
        (
            does("poll", "Qual sabor de bolo?", "Chocolate,Cenoura,Limão"),
            us("Cenoura com certeza!"),
            sends("smile.webp"),
        ),
        (
            them("Meu pedido já saiu?"),
            us("Saiu agora, chega em 20 minutos"),
            does("place", "Ponto de encontro", "Av. de Exemplo, 55"),
        ),
        (them("Fiz o pix"), sends("receipt.png"), us("Recebido, obrigada!"), does("forward")),
        (sends("quote.pdf", "confere pra mim?"), us("Conferido, está certo"), does("revoke")),
        (
            them("a torta de limao estava otima"),
            does("edit", "A torta de limão estava ótima!"),
            does("react", "🥰", who="us"),
        ),
    ],
    CLINIC: [
        (
            them("Bom dia, o resultado já saiu?"),
            us("Bom dia! Saiu sim, envio agora."),
            sends("guide.pdf", "Resultado", who="us"),
        ),
        (
            them("Preciso de segunda via da receita"),
            us("Claro, pode retirar na recepção"),
            does("react", "👍"),
        ),
        (
            them("What are your opening hours?"),
            us("Monday to Friday, 8am to 6pm"),
            them("Perfect, thank you"),
        ),
        (sends("voice-appointment.ogg"), us("Remarcado para terça às 9h"), them("Muito obrigada!")),
        (
            them("Vocês aceitam convênio?"),
            us("Aceitamos! Qual é o seu?"),
            does("card"),
            us("Esse atendemos sim"),
        ),
        (
            sends("clinic.jpg", "cheguei, estou na sala de espera"),
            us("Já vamos chamar 🙂"),
            sends("wink.webp"),
        ),
        (them("Confirmo a consulta de amanhã"), does("react", "✅", who="us"), us("Até amanhã!")),
        (
            sends("agreement.docx"),
            us("Documento recebido"),
            them("Falta mais alguma coisa?"),
            us("Só isso mesmo"),
        ),
        (
            them("Onde fica o estacionamento?"),
            does("place", "Estacionamento", "Rua de Exemplo, 102", who="us"),
            them("Achei!"),
        ),
        (sends("sunset.jpg", "vista da janela do consultório 😄"), does("forward"), us("Linda!")),
    ],
}

GROUP: list[Dialogue] = [
    (
        Step("m0", "text", "Bom dia, equipe! Quem cobre a manhã de sábado?"),
        Step("m1", "text", "Eu posso até o meio-dia"),
        Step("m2", "react", "👏"),
        Step("m2", "file", "sunset.jpg", "saindo agora, que céu"),
        Step("us", "text", "Combinado, obrigado a todos!"),
    ),
    (
        Step("m3", "text", "A entrega das 15h atrasou um pouco"),
        Step("m0", "reply", "Sem problema, avise quando chegar"),
        Step("m3", "file", "voice-order.ogg"),
        Step("m1", "file", "smile.webp"),
    ),
]

TROUBLES: list[Dialogue] = [
    (
        them("Mandei a foto, vê se abriu"),
        sends("bread.jpg", "a vitrine", trouble="flipped"),
        us("Não abriu aqui, pode mandar de novo?"),
    ),
    (
        sends("clinic.jpg", "essa chega na terceira tentativa", trouble="flaky"),
        us("Demorou um pouco, mas chegou"),
    ),
    (
        does("forward_expired", "guide.pdf", "encaminhando aquele documento antigo"),
        us("Esse já venceu no WhatsApp, tem outro?"),
    ),
    (sends("song.mp3", trouble="truncated"), us("O áudio veio pela metade")),
    (does("view_once"), us("Fotos de visualização única só abrem no celular")),
    (sends("receipt.png", "comprovante", trouble="page"),),
]

ANSWERS = [
    "Perfeito, obrigado!",
    "Ok, combinado 👍",
    "Certo, fico no aguardo",
    "Great, thanks!",
    "Show! Até mais",
    "😊",
]
