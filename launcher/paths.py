"""Where a checkout keeps what it makes: everything under ``var/``, nothing anywhere else."""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
POSTGRES_DIR = VAR / "postgres"
STATIC_ROOT = VAR / "static"
DEMO_DIR = VAR / "demo"
DEMO_ENV_FILE = DEMO_DIR / "env"
