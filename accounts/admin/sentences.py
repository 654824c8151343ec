"""What workers write down in English, as logs are, and people read in their own language. Listed for translators."""

from django.utils.translation import gettext_noop

OF_LINES = (
    gettext_noop("The line is disconnected."),
    gettext_noop("the instance's secrets fit no key of FIELD_ENCRYPTION_KEYS"),
    gettext_noop("The receiver answered 410: it does not want this any more."),
)
OF_FINDINGS = (
    gettext_noop("database"),
    gettext_noop("worker"),
)
OF_FILES = (
    gettext_noop("there is no source to ask for this file"),
    gettext_noop("the file is not in the storage"),
    gettext_noop("the original is not in the storage"),
    gettext_noop("an error of our own, see the log"),
    gettext_noop("an error of our own; the log has it"),
    gettext_noop("given up: workers ended while fetching it"),
    gettext_noop("given up: workers ended while making it"),
    gettext_noop("there is no ffmpeg on this machine"),
    gettext_noop("no checksum to verify it against"),
    gettext_noop("the file's checksum is not the message's, though its MAC is right"),
    gettext_noop("a PDF with a password"),
    gettext_noop("not a PDF that can be read"),
    gettext_noop("a video without a picture"),
    gettext_noop("no sound in it"),
    gettext_noop("nothing came of it"),
    gettext_noop("it takes more memory than it may"),
)
OF_SENDS = (
    gettext_noop("the worker ended while it sent this"),
    gettext_noop("given up: workers ended while sending it"),
    gettext_noop("given up: workers ended while delivering it"),
    gettext_noop("given up: workers ended while processing it"),
    gettext_noop("so many messages at once to one person are refused"),
    gettext_noop("somebody saw that it was not sent"),
    gettext_noop("the provider took it and said later that it failed"),
)
OF_SOURCES = (
    gettext_noop("view once: the phone does not hand out the key"),
    gettext_noop("the message does not say where its file is"),
    gettext_noop("W-API does not have the file any more"),
    gettext_noop("W-API does not have this call"),
    gettext_noop("the message brought no media key"),
    gettext_noop("the message brought no direct path"),
    gettext_noop("the message brought no media id"),
    gettext_noop("the QR code is not ready yet"),
    gettext_noop("the answer was empty"),
    gettext_noop("a web page or error text instead of the file"),
    gettext_noop("the MAC does not match"),
    gettext_noop("connection failed"),
    gettext_noop("connect time-out"),
    gettext_noop("connection refused"),
    gettext_noop("connection reset"),
    gettext_noop("connection closed without an answer"),
    gettext_noop("host name not found"),
    gettext_noop("host is out of reach"),
)
OF_WEBHOOKS = (
    gettext_noop("not authentic"),
    gettext_noop("no handshake"),
    gettext_noop("wrong verify token"),
    gettext_noop("too large"),
    gettext_noop("unknown key"),
    gettext_noop("no key"),
    gettext_noop("unknown instance"),
)
EVERY = (*OF_LINES, *OF_FINDINGS, *OF_FILES, *OF_SENDS, *OF_SOURCES, *OF_WEBHOOKS)
