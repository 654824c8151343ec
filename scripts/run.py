"""What `make run` starts: the web server and a worker on this machine's database, until Ctrl-C."""

import base64
import os
import re
import secrets
import sys
from pathlib import Path

from processes import ROOT, Run, chosen_port, port_beside, say, stream, web, worker

VAR = ROOT / "var"
SECRETS = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS")
WELCOME = """
MultiChat runs on {admin}/admin/
Ctrl-C stops it; the next make run goes on from there.

What to do next (README.md has every step):
{reach}  - Add a WhatsApp number; this prints its webhook address, {public}/webhook/receive/<key>/
    .venv/bin/python manage.py create_instance --client "My company" --name "Sales" \\
        --provider wapi --instance-id <its id> --token-stdin
  - See that all is well: .venv/bin/python manage.py diagnose
"""
REACH = """  - Make it reachable for providers: an https address that leads here, as PUBLIC_BASE_URL in {env_file}
"""


def main() -> int:
    port = chosen_port()
    env_file = Path(os.environ.get("ENV_FILE", ROOT / ".env"))
    write_secrets(env_file)
    (VAR / "static").mkdir(parents=True, exist_ok=True)
    # Messages and files lie here: nobody else's to read.
    VAR.chmod(0o700)
    local = f"http://127.0.0.1:{port}"
    public = os.environ.get("PUBLIC_BASE_URL") or written(env_file, "PUBLIC_BASE_URL") or local
    stream_port = port_beside(port)
    addresses = {"PUBLIC_BASE_URL": public} | stream_address(env_file, public, local, stream_port)
    with Run(os.environ | addresses) as run:
        if not run.finish("scripts.prepare"):
            return 0 if run.stopping else 1
        run.start(web(port), stream(stream_port), worker())
        if run.wait_for(f"{local}/admin/login/"):
            https = public.startswith("https://")
            reach = "" if https else REACH.format(env_file=env_file)
            # Behind https, cookies go to the https address only.
            say(WELCOME.format(admin=public if https else local, public=public, reach=reach))
        return run.watch()


def stream_address(env_file: Path, public: str, local: str, port: int) -> dict[str, str]:
    """Behind another address a proxy leads to the stream, or the web server answers for it by polling."""
    chosen = os.environ.get("STREAM_BASE_URL") or written(env_file, "STREAM_BASE_URL")
    return {} if chosen or public != local else {"STREAM_BASE_URL": f"http://127.0.0.1:{port}"}


def write_secrets(env_file: Path) -> None:
    """On the first start only. Keys made anew could not read what an existing database holds."""
    in_environment = all(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in SECRETS)
    if in_environment or not env_file.name or env_file.exists():
        return
    database = VAR / "db.sqlite3"
    if database.exists() and "DATABASE_URL" not in os.environ:
        sys.exit(
            f"There is a database ({database}) but no {env_file}. Put the file back: it holds the keys to the "
            "stored tokens. To begin anew, move the database away."
        )
    values = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
    }
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name, value in values.items():
        text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
    with os.fdopen(
        os.open(env_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    say(f"{env_file} written with new keys. Keep a copy of it apart from the database.")


def written(env_file: Path, name: str) -> str:
    text = env_file.read_text(encoding="utf-8") if env_file.is_file() else ""
    found = re.findall(rf"^\s*(?:export\s+)?{name}\s*=\s*(\S*)", text, re.MULTILINE)
    return found[-1].strip("\"'") if found else ""


if __name__ == "__main__":
    sys.exit(main())
