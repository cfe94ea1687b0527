"""The example code of the reference page "User Logout": its three methods, in today's API."""

from django.http import JsonResponse
from supertokens_python.recipe.session.asyncio import (
    revoke_all_sessions_for_user,
    revoke_session,
)
from supertokens_python.recipe.session.framework.django.asyncio import verify_session


# method 1: example using Session object
# first we get the session object. The decorator answers for a visitor who has none.
@verify_session()
async def logout_using_session_object(request):
    session = request.supertokens
    # revoking session example
    try:
        await session.revoke_session()
        # session has been destroyed
    except Exception:
        return something_went_wrong()
    return JsonResponse({})


# method 2: example using session_handle
async def logout_using_session_handle(request):
    session_handle = request.POST["session_handle"]
    try:
        success = await revoke_session(session_handle)
    except Exception:
        return something_went_wrong()
    # not success: either session_handle is invalid, or session was already removed.
    return JsonResponse({"success": success})


# method 3: example using user_id
async def logout_all_sessions_for_user(request):
    user_id = request.POST["user_id"]
    try:
        revoked = await revoke_all_sessions_for_user(user_id)
    except Exception:
        return something_went_wrong()
    return JsonResponse({"revoked": revoked})


def something_went_wrong():
    return JsonResponse({"message": "Something went wrong"}, status=500)
