import os

from django.core.wsgi import get_wsgi_application

from multichat.starting import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "multichat.settings")
application = get_wsgi_application()
settle()
