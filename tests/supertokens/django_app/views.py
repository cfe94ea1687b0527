"""The rest of the application: logging in, and showing and changing what a session holds."""

import json

from django.http import JsonResponse
from supertokens_python.recipe.session.asyncio import (
    create_new_session,
    get_all_session_handles_for_user,
    get_session_information,
)
from supertokens_python.recipe.session.framework.django.asyncio import verify_session
from supertokens_python.types import RecipeUserId


async def login(request):
    given = json.loads(request.body)
    session = await create_new_session(
        request,
        given.get("tenantId", "public"),
        RecipeUserId(given["userId"]),
        given.get("payload"),
        given.get("data"),
    )
    return JsonResponse(described(session))


@verify_session()
async def me(request):
    return JsonResponse(described(request.supertokens))


@verify_session(check_database=True)
async def me_now(request):
    return JsonResponse(described(request.supertokens))


@verify_session()
async def payload(request):
    await request.supertokens.merge_into_access_token_payload(json.loads(request.body))
    return JsonResponse(described(request.supertokens))


@verify_session()
async def data(request):
    await request.supertokens.update_session_data_in_database(json.loads(request.body))
    return JsonResponse(await request.supertokens.get_session_data_from_database())


async def sessions(request):
    handles = await get_all_session_handles_for_user(request.GET["user_id"])
    return JsonResponse({"sessionHandles": handles})


async def session_information(request):
    known = await get_session_information(request.GET["session_handle"])
    if known is None:
        return JsonResponse({})
    return JsonResponse(
        {
            "userId": known.user_id,
            "tenantId": known.tenant_id,
            "data": known.session_data_in_database,
            "payload": known.custom_claims_in_access_token_payload,
        }
    )


def described(session):
    return {
        "handle": session.get_handle(),
        "userId": session.get_user_id(),
        "tenantId": session.get_tenant_id(),
        "payload": session.get_access_token_payload(),
    }
