"""A Django application whose sessions are kept by the gate, through the unmodified supertokens-python."""

import os

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path
from supertokens_python import InputAppInfo, SupertokensConfig, init
from supertokens_python.recipe import session

settings.configure(
    SECRET_KEY="not used: this application signs nothing",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["supertokens_python.framework.django.django_middleware.middleware"],
)
django.setup()

init(
    supertokens_config=SupertokensConfig(
        connection_uri=os.environ["CONNECTION_URI"],
        api_key=os.environ["API_KEY"],
    ),
    app_info=InputAppInfo(
        app_name="tests",
        api_domain="http://localhost",
        website_domain="http://localhost",
    ),
    framework="django",
    mode="asgi",
    recipe_list=[session.init(anti_csrf="NONE")],
)

import logout  # noqa: E402 - the views need the settings above
import views  # noqa: E402

urlpatterns = [
    path("login", views.login),
    path("me", views.me),
    path("me/now", views.me_now),
    path("payload", views.payload),
    path("data", views.data),
    path("sessions", views.sessions),
    path("session", views.session_information),
    path("logout", logout.logout_using_session_object),
    path("logout/handle", logout.logout_using_session_handle),
    path("logout/user", logout.logout_all_sessions_for_user),
]

application = get_asgi_application()
