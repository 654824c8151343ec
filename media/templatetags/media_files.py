"""The words of media.admin.display in templates."""

from django import template

from media.admin import display

register = template.Library()

for word in (
    display.inline_picture,
    display.kind_icon,
    display.preview,
    display.sentence,
    display.state_badge,
    display.kind_label,
    display.cause_label,
    display.name_of,
    display.can_ask_again,
    display.display_size,
    display.waveform_bars,
):
    register.filter(word.__name__, word)
