//! The gate's own routes: each is a row in `gate/entry.rs` and a function here.

mod account;
mod browser_sdk;
mod callback;
pub mod core;
mod login;
mod logout;
mod provider_logout;
mod status;

use crate::edge::exchange::Exchange;
use crate::edge::guard;
use crate::edge::object::client::Unavailable;
use crate::gate::{Answered, Entry, Reads, Route};
use crate::pages::Problem;
use crate::supertokens::fdi;

/// What a route's function returns; it is answered with 503 where what it needs cannot be had.
type Served = Result<Answered, Unavailable>;

/// Answers a request of one of the gate's own routes.
pub async fn serve(exchange: &Exchange, route: Route<'_>) -> Answered {
    if let Some(answer) = fdi::preflight(&exchange.head, exchange.config()) {
        return answer.into();
    }
    let entry = Entry::of(route);
    if entry.reads != Reads::Nothing
        && let Some(refusal) = exchange.uncovered_host()
    {
        return refusal.into();
    }
    let entered = match guard::enter(exchange, &entry).await {
        Ok(entered) => entered,
        Err(refusal) => return refusal,
    };
    let served = match route {
        Route::Logout { all } => logout::log_out(exchange, &entered.form, all).await,
        Route::Session => account::session(exchange).await,
        Route::Sessions => account::sessions(exchange).await,
        Route::RevokeSession => account::revoke(exchange, &entered.form).await,
        Route::Jwks => status::jwks(exchange).await,
        Route::Health => Ok(status::health(exchange).await),
        Route::Refresh => browser_sdk::refresh(exchange, entered.renewal).await,
        Route::SignOut => browser_sdk::sign_out(exchange).await,
        Route::Login => login::login(exchange).await,
        Route::Callback(key) => callback::callback(exchange, key).await,
        Route::SignedOut => Ok(provider_logout::signed_out(exchange).into()),
        Route::BackchannelLogout(key) => Ok(provider_logout::backchannel_logout(exchange, key).await.into()),
        Route::FrontchannelLogout(key) => provider_logout::frontchannel_logout(exchange, key).await,
        Route::Application | Route::Core(_) | Route::Unknown => {
            Ok(exchange.problem(&Problem::NotFound).into())
        }
    };
    served.unwrap_or_else(|Unavailable| exchange.unavailable().into())
}
