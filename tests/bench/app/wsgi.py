from django.core.wsgi import get_wsgi_application

from multichat.starting import settle

application = get_wsgi_application()
settle()
