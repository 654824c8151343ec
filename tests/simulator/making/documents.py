"""The smallest files that office programs open without complaint."""

import zipfile
from pathlib import Path

QUOTE = ["Padaria Aurora", "", "Orcamento 0042", "", "Bolo de chocolate, 2 kg ....... R$ 148,50",
         "Cento de salgados ............. R$  90,00", "Entrega ....................... R$  15,00", "",
         "Total ......................... R$ 253,50", "", "Valido por sete dias."]  # fmt: skip
GUIDE = [
    ["Clinica Horizonte", "", "Preparation for your visit", "", "Please arrive 15 minutes early."],
    [
        "What to bring",
        "",
        "- an identity document",
        "- earlier results, if any",
        "- the list of your medicines",
    ],
    [
        "How to find us",
        "",
        "Rua de Exemplo, 100, second floor",
        "",
        "Parking is at the back of the building.",
    ],
]
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def page_stream(lines: list[str]) -> bytes:
    shown = "".join(f"({line}) Tj 0 -26 Td " for line in lines)
    bar = "0.11 0.38 0.47 rg 0 800 595 42 re f 0 g"
    text = f"{bar} BT /F1 16 Tf 60 740 Td {shown}ET".encode("latin-1")
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text)


def pdf(pages: list[list[str]]) -> bytes:
    count = len(pages)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
    ]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>")
    for number, lines in enumerate(pages):
        frame = "/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {frame} /Contents {5 + 2 * number} 0 R >>".encode())
        objects.append(page_stream(lines))
    return assemble(objects)


def assemble(objects: list[bytes]) -> bytes:
    body = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    tail = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n" % (size, table, size)
    return body + tail + b"startxref\n%d\n%%%%EOF\n" % len(body)


def write_zip(path: Path, parts: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 5, 9, 0, 0)), HEAD + content)


def relations(*targets: tuple[str, str]) -> str:
    items = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{to}"/>'
        for n, (kind, to) in enumerate(targets)
    )
    return f'<Relationships xmlns="{RELS}">{items}</Relationships>'


def content_types(**parts: str) -> str:
    base = "application/vnd.openxmlformats-officedocument"
    defaults = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    items = "".join(
        f'<Override PartName="{name}" ContentType="{base}.{kind}+xml"/>' for kind, name in parts.items()
    )
    return f'<Types xmlns="{TYPES}">{defaults}{items}</Types>'.replace("__", ".")


def write_docx(path: Path) -> None:
    lines = ["Service agreement", "This is an invented document for a demonstration.", "Signed by nobody."]
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines)
    parts = {
        "[Content_Types].xml": content_types(wordprocessingml__document__main="/word/document.xml"),
        "_rels/.rels": relations(("officeDocument", "word/document.xml")),
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{paragraphs}</w:body></w:document>',
    }
    write_zip(path, parts)


def write_xlsx(path: Path) -> None:
    rows = [("Produto", "Preço"), ("Pão de queijo", "4.50"), ("Bolo de cenoura", "38.00"), ("Café", "6.00")]
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    sheet = '<sheets><sheet name="Preços" sheetId="1" r:id="r0"/></sheets>'
    types = {
        "spreadsheetml__sheet__main": "/xl/workbook.xml",
        "spreadsheetml__worksheet": "/xl/worksheets/sheet1.xml",
    }
    parts = {
        "[Content_Types].xml": content_types(**types),
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}">{sheet}</workbook>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEET}"><sheetData>{cells}</sheetData></worksheet>',
    }
    write_zip(path, parts)


def write_all(folder: Path) -> None:
    (folder / "quote.pdf").write_bytes(pdf([QUOTE]))
    (folder / "guide.pdf").write_bytes(pdf(GUIDE))
    write_docx(folder / "agreement.docx")
    write_xlsx(folder / "prices.xlsx")
    (folder / "orders.csv").write_text(
        "pedido,item,quantidade\n1,bolo,1\n2,pão,24\n3,café,2\n", encoding="utf-8"
    )
