"""Logging in, logging out, and who one is."""

from datetime import timedelta
from http import HTTPStatus

from django.contrib.auth import logout
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.parsing import asked
from accounts.api.permissions import LoggedIn, user_of
from accounts.api.problems import Problem
from accounts.api.schema import refusals
from accounts.logins.callers import address_of
from accounts.logins.second_factors import CodeNeeded, CodeRefused, GuessedTooOften, NotSetUp
from accounts.logins.throttles import LoginThrottle
from accounts.logins.tokens import ClientUnclear, Login, LoginFailed, TooWide, log_in, revoke
from accounts.models import ApiToken, Role
from accounts.serializers import LoggedInSerializer, LoginSerializer, MeSerializer

REFUSALS = {
    401: "User name or password is wrong (`login_failed`), or the code of the second factor (`second_factor_wrong`), "
    "or it was not given (`second_factor_needed`).",
    403: "A second factor has to be set up first.",
}
SECOND_FACTOR = (CodeNeeded, CodeRefused, NotSetUp)
EXAMPLE = OpenApiExample(
    "For a phone",
    {"username": "alice", "password": "correct horse", "client": "acme", "name": "Alice's phone"},
    request_only=True,
)
ANSWER = OpenApiExample(
    "Logged in",
    {
        "token": "mct_Zk0…",
        "expires_at": "2026-03-01T00:00:00Z",
        "user": {"id": 7, "username": "alice", "name": "Alice"},
        "client": {
            "id": 1, "name": "Acme", "slug": "acme", "is_active": True, "quota_bytes": None,
            "created_at": "2026-01-01T00:00:00Z",
        },
        "role": "operator",
    },
    response_only=True,
)  # fmt: skip


class LoginView(APIView):
    """Needs no session and makes none, so nothing can be forged in somebody's name."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle,)

    @extend_schema(
        summary="Get a token for a client",
        auth=[],
        request=LoginSerializer,
        responses={201: LoggedInSerializer} | refusals(REFUSALS),
        examples=[EXAMPLE, ANSWER],
    )
    def post(self, request: Request) -> Response:
        login = _login(request, **asked(LoginSerializer, request))
        try:
            token, key = log_in(request._request, login, now=timezone.now())
        except LoginFailed as exc:
            told = "User name or password is wrong."
            raise Problem(HTTPStatus.UNAUTHORIZED, "login_failed", told) from exc
        except SECOND_FACTOR as exc:
            raise _about_the_code(exc) from exc
        except ClientUnclear as exc:
            raise _choice_of_client(exc) from exc
        except TooWide as exc:
            raise ValidationError({exc.field: [exc.detail]}) from exc
        facts = {name: getattr(token, name) for name in ("expires_at", "user", "client", "role")}
        return Response(LoggedInSerializer({"token": key, **facts}).data, HTTPStatus.CREATED)


def _login(request: Request, expires_in: int, role: str = "", **facts: str) -> Login:
    return Login(
        role=Role(role) if role else None,
        lasts=timedelta(seconds=expires_in),
        address=address_of(request),
        **facts,
    )


def _about_the_code(exc: Exception) -> Problem:
    """Told only to whoever knows the password."""
    if isinstance(exc, GuessedTooOften):
        told = f"Too many wrong codes. Try again in {exc.seconds} seconds."
        return Problem(HTTPStatus.TOO_MANY_REQUESTS, "throttled", told, wait=exc.seconds)
    if isinstance(exc, NotSetUp):
        told = "This installation asks you for a second factor: set it up in the admin, then log in here."
        return Problem(HTTPStatus.FORBIDDEN, "second_factor_not_set_up", told)
    if isinstance(exc, CodeNeeded):
        told = "Send the code of your second factor as otp."
        return Problem(HTTPStatus.UNAUTHORIZED, "second_factor_needed", told)
    return Problem(HTTPStatus.UNAUTHORIZED, "second_factor_wrong", "This code is wrong or was used before.")


def _choice_of_client(exc: ClientUnclear) -> Problem:
    told = "Name one of your clients." if exc.choices else "You work for no active client."
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "invalid",
        told,
        errors=[{"field": "client", "message": told, "code": "required"}],
        choices=[{"id": one.pk, "slug": one.slug, "name": one.name} for one in exc.choices],
    )


class LogoutView(APIView):
    permission_classes = (LoggedIn,)

    @extend_schema(summary="Revoke the token in use, or end the session", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        if isinstance(request.auth, ApiToken):
            revoke(request.auth, by=user_of(request), now=timezone.now())
        else:
            logout(request._request)
        return Response(status=HTTPStatus.NO_CONTENT)


class MeView(APIView):
    permission_classes = (LoggedIn,)

    @extend_schema(summary="Who you are and what you may do", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(user_of(request), context={"request": request}).data)
