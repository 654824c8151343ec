"""What `make demo` starts: MultiChat on a throw-away database, fed by simulated providers, until Ctrl-C."""

import base64
import fcntl
import os
import re
import secrets
import shutil
import sys

from processes import ROOT, Child, Run, chosen_port, free_port, port_beside, say, stream, web, worker

FOLDER = ROOT / "var" / "demo"
WELCOME = """
The demo runs on {local}/admin/

  user                password
  admin               {password}   everything
  padaria-aurora      {password}   an operator who sees the bakery only
  clinica-horizonte   {password}   an operator who sees the clinic only

Two invented companies with a number at each provider. Messages keep coming, and so does trouble: the provider's
download endpoint answers 500 all the time, some files are damaged, cut, expired or come at the third try.
See Media files in the admin for what became of each. Everything lies in var/demo and is gone with the next demo.
Ctrl-C stops it.
"""


def main() -> int:
    port = chosen_port()
    FOLDER.parent.mkdir(exist_ok=True)
    with (ROOT / "var" / "demo.lock").open("w") as lock:
        claim(lock.fileno())
        clear()
        return play(port, free_port(), secrets.token_urlsafe(9))


def claim(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit("Another demo runs in this folder. Stop it first.")


def clear() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    (ROOT / "var" / "static").mkdir(exist_ok=True)


def play(port: int, simulator_port: int, password: str) -> int:
    local, simulator = f"http://127.0.0.1:{port}", f"127.0.0.1:{simulator_port}"
    outside = ["-m", "tests.simulator", "--demo", "--port", str(simulator_port)]
    stream_port = port_beside(port)
    own = {"ADMIN_PASSWORD": password, "STREAM_BASE_URL": f"http://127.0.0.1:{stream_port}"}
    with Run(environment(local, simulator) | own) as run:
        run.start(Child("The simulator", [sys.executable, *outside]), web(port), stream(stream_port))
        up = run.wait_for(f"http://{simulator}/_sim/health") and run.wait_for(f"{local}/admin/login/")
        # Last, because the feed begins as soon as it knows where to send.
        if not up or not run.finish("scripts.demo_data"):
            return 0 if run.stopping else 1
        run.start(worker())
        say(WELCOME.format(local=local, password=password))
        return run.watch()


def environment(local: str, simulator: str) -> dict[str, str]:
    """The shell's settings are those of a real installation: none of them gets in here, but what lets one try a front
    end and a receiver of webhooks of one's own."""
    ours = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    foreign = {name for setting in ours for name in (setting, f"{setting}_FILE")} | {"ADMIN_USER"}
    return {name: value for name, value in os.environ.items() if name not in foreign} | {
        "ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "multichat.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "DATABASE_URL": f"sqlite:///{FOLDER / 'db.sqlite3'}",
        "MEDIA_ROOT": str(FOLDER / "media_storage"),
        "PUBLIC_BASE_URL": local,
        "API_ALLOWED_ORIGINS": os.environ.get("API_ALLOWED_ORIGINS", ""),
        "MEDIA_EXTRA_HOSTS": f"{simulator},{os.environ.get('MEDIA_EXTRA_HOSTS', '')}",
        "WAPI_BASE_URL": f"http://{simulator}/v1",
        "CLOUD_API_BASE_URL": f"http://{simulator}/v25.0",
        "WHATSAPP_CDN_BASE_URL": f"http://{simulator}",
        # What goes wrong is meant to, and stands in the admin; here it would hide the passwords.
        "LOG_LEVEL": "ERROR",
        "LOG_FORMAT": "console",
    }


if __name__ == "__main__":
    sys.exit(main())
