"""Log lines: one JSON object each, or readable text while ``DEBUG`` is on."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

HIDDEN = "[hidden]"

LEVELS = {name: name for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}

#: Names whose values never reach a log line, wherever they stand in a word. The text of mails, of requests and of
#: answers is somebody's business data, and may hold a link that lets its reader in.
_SECRET_NAME = re.compile(
    r"secret|token|password|passwd|authorization|cookie|credential|signature"
    r"|(?:api|webhook|hook|signing|encryption)[_-]?keys?|(?:^|[_-])(?:body|html)$",
    re.I,
)

#: The same inside a sentence: ``Bearer abc``, ``access_token=abc``, ``"client_secret": "abc"``,
#: ``Authorization: Basic abc``, ``?code=abc``.
_SECRET_TEXT = re.compile(
    r"""(?ix)
    (
        \b(?:bearer|basic)\s+ (?=\S{12})
      | (?:token|secret|password|(?:api|webhook|signing)[_-]?key|signature|authorization|sessionid)
        ["']?\s*[=:]\s*["']? (?:(?:bearer|basic)\s+)?
      | [?&](?:code|state|key|sig)=
    )
    [^\s"'&,;<>]{6,}
    """
)

#: Links that let their reader in or speak for us: invitations, confirmations, new passwords, alerts' own, and the
#: addresses of chat channels.
_SECRET_PATH = re.compile(
    r"""(?x)
    ( /(?:invitations|confirm-email|reset/key|alerts/confirm|alerts/stop)/ ) [^/\s"'?]{8,}
    | ( /(?:services/T|webhookb2/) ) [^\s"'?]{8,}
    """
)

#: ``postgresql://user:password@host``. Lengths have limits here and above: whoever makes up an address of thousands of
#: letters must not keep us searching it.
_SECRET_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,100}:)[^\s/]+(?=@)", re.I)


def redact(value: Any, *, name: str = "") -> Any:
    """``value`` without what looks like a credential; ``name`` is the key it stood under.

    What is no plain value is taken as the text it would be printed as.
    """
    if name and _SECRET_NAME.search(name) and isinstance(value, str | bytes):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: redact(item, name=str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, name=name) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = _SECRET_TEXT.sub(rf"\g<1>{HIDDEN}", value if isinstance(value, str) else str(value))
    return _SECRET_IN_URL.sub(rf"\g<1>{HIDDEN}", _SECRET_PATH.sub(_keep_beginning, text))


def _keep_beginning(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}{HIDDEN}"


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Django adds the request to its lines: its address, with everything behind the question mark.
    event.pop("request", None)
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = redact(value, name=key)
    return event


def logging_settings(*, readable: bool, level: str) -> dict[str, Any]:
    """The ``LOGGING`` setting: every logger of every library through one redacting formatter to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if readable:
        render += [
            structlog.processors.format_exc_info,
            _redact_event,
            structlog.dev.ConsoleRenderer(colors=False),
        ]
    else:
        render += [
            structlog.processors.format_exc_info,
            _redact_event,
            structlog.processors.JSONRenderer(default=str),
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": render,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print each line a second time.
            "django": {"handlers": [], "propagate": True, "level": level},
            "django.server": {"handlers": [], "propagate": True, "level": level},
            "pgmq": {"level": "WARNING"},
            # Two lines for every message would bury what the tasks themselves have to say.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
