"""The words of accounts.admin.display in templates."""

from django import template

from accounts import languages
from accounts.admin import display

register = template.Library()

register.simple_tag(display.icon)
register.simple_tag(languages.choices, name="languages")
register.simple_tag(display.badge)
register.filter(display.when)
register.filter(display.size)
register.filter(display.clock)
register.filter(display.visible_name)
register.filter(languages.in_language)
