"""How the Reporting API says no: JSON:API style error lists."""

from __future__ import annotations

from sandbox.web import Response, json_response

_TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
}


class Refused(Exception):
    """The request gets this status and these details instead of data."""

    def __init__(self, status: int, *details: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, details)
        self.status = status
        self.details = details
        self.headers = headers or {}


def refusal(problem: Refused) -> Response:
    errors = [
        {"status": str(problem.status), "title": _TITLES[problem.status], "detail": detail}
        for detail in problem.details
    ]
    return json_response({"errors": errors}, problem.status, problem.headers)
