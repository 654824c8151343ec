from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts.languages import choices
from accounts.models import User


@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Django's own view keeps the choice in the browser; here it is kept with the person too."""
    code = request.POST.get("language", "")
    if code not in dict(choices()):
        messages.warning(request, _("There are no pages in this language."))
        # Without one, it only leads back to where the person was.
        wishes = request.POST.copy()
        wishes.pop("language", None)
        request.POST = wishes  # type: ignore[assignment]
    elif request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=code)
    return set_language(request)
