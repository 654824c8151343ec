"""Clients, the people who log in, and who works for whom."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import display
from accounts.admin.access import NamedFormSet, TenantAdmin, TenantInline
from accounts.admin.audited import Audited
from accounts.admin.retention import RetentionInline
from accounts.logins.second_factors import factor_of, remove
from accounts.logins.tokens import revoke_all
from accounts.models import Client, Membership, Role, User

# Memberships decide; Django's groups and permissions would look as if they did.
admin.site.unregister(Group)


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]
    """Names the user instead of listing everybody who has an account here."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        help_text=_("The name of an existing user; an administrator creates new ones."),
    )

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["username"].disabled = True
            self.initial["username"] = self.instance.user.username

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"])
        if self.instance.pk:
            return name
        user = User.objects.filter(username=name).first()
        if user is None:
            raise ValidationError(gettext("There is no user with this name."))
        if Membership.objects.filter(user=user, client=self.instance.client_id).exists():
            raise ValidationError(gettext("This user already belongs to the client."))
        self.instance.user = user
        return name


class WorkFormSet(NamedFormSet):
    def delete_existing(self, obj: Membership, commit: bool = True) -> None:
        super().delete_existing(obj, commit)
        if commit:
            revoke_all(obj.user, obj.client, now=timezone.now())


class MemberFormSet(WorkFormSet):
    def clean(self) -> None:
        super().clean()
        names = [form.cleaned_data["username"] for form in self.forms if form.cleaned_data.get("username")]
        if len(names) != len(set(names)):
            raise ValidationError(gettext("A user can be named only once."))


class MemberInline(TenantInline):
    model = Membership
    form = MemberForm
    formset = MemberFormSet
    extra = 0
    readonly_fields = ("member",)
    verbose_name_plural = _("people who work for this client")
    add_role = change_role = delete_role = Role.MANAGER

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("username", "role") if self.has_change_permission(request, obj) else ("member", "role")

    # A foreign key would be shown as a link, which only administrators may follow.
    @admin.display(description=_("User name"))
    def member(self, membership: Membership) -> str:
        return membership.user.username

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user", "client")


@admin.register(Client)
class ClientAdmin(TenantAdmin):
    list_display = ("name", "slug", "instance_count", "people_count", "is_active")
    search_fields = ("name", "slug")
    # What is counted along with a row loses the model's own order.
    ordering = ("name",)
    inlines = (MemberInline, RetentionInline)
    change_role = Role.MANAGER
    empty_advice = _(
        "No client yet. Add one here, or let `python manage.py create_instance` make client and instance."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .annotate(
                instance_total=Count("instances", distinct=True),
                people_total=Count("memberships", distinct=True),
            )
        )

    @admin.display(description=_("instances"), ordering="instance_total")
    def instance_count(self, client: Any) -> int:
        return int(client.instance_total)

    @admin.display(description=_("people"), ordering="people_total")
    def people_count(self, client: Any) -> int:
        return int(client.people_total)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name", "slug", "is_active", "quota_bytes", *(("stored",) if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("stored",) if request.user.is_superuser else ("slug", "is_active", "quota_bytes", "stored")

    @admin.display(description=_("stored files"))
    def stored(self, client: Any) -> str:
        """Each file once, however many messages it came with."""
        use = getattr(client, "storage_use", None)
        used = filesizeformat(use.bytes if use else 0)
        if client.quota_bytes is None:
            return used
        share = (use.bytes if use else 0) * 100 // max(client.quota_bytes, 1)
        facts = {"used": used, "quota": filesizeformat(client.quota_bytes), "share": share}
        return gettext("%(used)s of %(quota)s (%(share)d %%)") % facts

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else {"slug": ("name",)}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a client that never worked: Django would list every dependent row first."""
        used = obj is not None and (obj.instances.exists() or obj.contacts.exists())
        return super().has_delete_permission(request, obj) and not used


class ClientInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    formset = WorkFormSet
    extra = 1
    verbose_name_plural = _("works for")


@admin.register(User)
class UserAdmin(Audited, DjangoUserAdmin):  # type: ignore[type-arg]
    """Only administrators see who has an account; managers work with the names they know."""

    list_display = (
        "username", "full_name", "email", "works_for", "is_staff", "is_active", "has_second_factor", "last_seen"
    )  # fmt: skip
    list_filter = ("is_active", "is_staff", "is_superuser")
    actions = ("remove_second_factors",)
    filter_horizontal = ()
    inlines = (ClientInline,)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "language")}),
        (
            _("Access"),
            {
                "fields": ("is_active", "is_staff", "is_superuser"),
                "description": _(
                    "What a person sees follows from the clients below; a superuser sees everything."
                ),
            },
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
        (_("Access"), {"fields": ("is_staff",), "description": _("Staff may log in to these screens.")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, extra_context={"title": _("Users")} | (extra_context or {}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows = super().get_queryset(request).select_related("second_factor")
        return rows.prefetch_related("memberships__client")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    @admin.display(description=_("name"))
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=_("works for"))
    def works_for(self, user: User) -> str:
        return (
            ", ".join(f"{one.client} ({one.get_role_display()})" for one in user.memberships.all())
            or display.NOTHING
        )

    @admin.display(description=_("second factor"), boolean=True)
    def has_second_factor(self, user: User) -> bool:
        return factor_of(user) is not None

    @admin.action(description=_("Remove the second factor, after a lost phone"), permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = sum(remove(user, by=request.user, now=timezone.now()) for user in queryset)
        told = ngettext("%(count)d second factor is removed.", "%(count)d second factors are removed.", count)
        self.message_user(request, told % {"count": count}, messages.SUCCESS)

    @admin.display(description=_("last login"), ordering="last_login")
    def last_seen(self, user: User) -> str:
        return display.when(user.last_login)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_add_permission = has_module_permission
    has_change_permission = has_delete_permission = has_view_permission
