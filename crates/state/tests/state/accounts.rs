//! Accounts, sessions, tokens and roles, through the public face.

use std::time::Duration;

use crate::place::Place;
use gw_base::{HasKind, Kind};
use gw_state::{Credentials, Permission, Role, StateError, UserChange, Via};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn the_first_start_makes_an_admin_once() {
    let place = Place::new("first-start");
    let state = place.open().await;
    let password = state.ensure_admin(None).await.unwrap().unwrap();
    assert_eq!(password.len(), 20);
    assert_eq!(state.ensure_admin(None).await.unwrap(), None);
    let signed_in = state.login("admin", &password, "127.0.0.1").await.unwrap();
    assert_eq!(signed_in.user.role, Role::Admin);
    assert_eq!(state.session(&signed_in.secret).await.unwrap(), Some(signed_in.user));
    state.close().await;

    let reopened = place.open().await;
    assert!(reopened.session(&signed_in.secret).await.unwrap().is_some());
    reopened.logout(&signed_in.secret).await.unwrap();
    assert!(reopened.session(&signed_in.secret).await.unwrap().is_none());
}

#[tokio::test]
async fn sessions_slide_and_expire() {
    let place = Place::new("slide");
    let state = place.open().await;
    state.ensure_admin(Some("correct horse")).await.unwrap();
    let secret = state.login("admin", "correct horse", "a").await.unwrap().secret;
    for _ in 0..4 {
        place.world.advance(10 * DAY);
        assert!(state.session(&secret).await.unwrap().is_some());
    }
    place.world.advance(14 * DAY + Duration::from_hours(2));
    assert!(state.session(&secret).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let place = Place::new("revoke");
    let state = place.open().await;
    state.ensure_admin(Some("correct horse")).await.unwrap();
    let secret = state.login("admin", "correct horse", "a").await.unwrap().secret;
    let basic = Credentials::Basic { name: "admin", password: "correct horse", address: "a" };
    assert_eq!(state.authenticate(basic).await.unwrap().via, Via::Password);
    let change = UserChange { password: Some("battery staple".to_owned()), ..UserChange::default() };
    state.change_user("admin", change).await.unwrap();
    assert!(state.session(&secret).await.unwrap().is_none());
    assert!(matches!(state.authenticate(basic).await, Err(StateError::WrongCredentials)));
}

#[tokio::test]
async fn ten_failures_a_minute_close_the_door() {
    let place = Place::new("throttle");
    let state = place.open().await;
    state.ensure_admin(Some("correct horse")).await.unwrap();
    for _ in 0..10 {
        let error = state.login("admin", "wrong", "10.0.0.1").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
    }
    let error = state.login("admin", "correct horse", "10.0.0.1").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Busy, "too many failed sign-ins, try again in 60 seconds")
    );
    assert!(state.login("admin", "correct horse", "10.0.0.2").await.is_ok(), "another address is not concerned");
    place.world.advance(Duration::from_mins(1));
    assert!(state.login("admin", "correct horse", "10.0.0.1").await.is_ok());
}

#[tokio::test]
async fn unknown_users_and_wrong_passwords_sound_alike() {
    let place = Place::new("alike");
    let state = place.open().await;
    state.ensure_admin(Some("correct horse")).await.unwrap();
    let unknown = state.login("nobody", "correct horse", "a").await.unwrap_err().to_string();
    assert_eq!(unknown, state.login("admin", "wrong", "a").await.unwrap_err().to_string());
    assert!(state.login("admin", &"x".repeat(1 << 20), "a").await.is_err());
}

#[tokio::test]
async fn tokens_open_until_deleted() {
    let place = Place::new("tokens");
    let state = place.open().await;
    let made = state.create_token("agent", Role::Editor, "admin").await.unwrap();
    assert!(made.secret.starts_with("gw_") && made.token.last_used_at.is_none());
    let bearer = state.authenticate(Credentials::Bearer(&made.secret)).await.unwrap();
    assert!(bearer.may(Permission::Write) && !bearer.may(Permission::Administer));
    let as_password = Credentials::Basic { name: "any", password: &made.secret, address: "a" };
    assert_eq!(state.authenticate(as_password).await.unwrap(), bearer);
    assert_eq!(state.tokens().await.unwrap()[0].last_used_at, Some(place.now()));
    assert_eq!(state.create_token("agent", Role::Viewer, "admin").await.unwrap_err().kind(), Kind::Conflict);
    state.delete_token(&made.token.id).await.unwrap();
    assert_eq!(state.delete_token(&made.token.id).await.unwrap_err().kind(), Kind::NotFound);
    assert!(state.authenticate(Credentials::Bearer(&made.secret)).await.is_err());
}

#[tokio::test]
async fn the_last_admin_stays() {
    let place = Place::new("last-admin");
    let state = place.open().await;
    state.ensure_admin(Some("correct horse")).await.unwrap();
    let demote = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
    assert_eq!(state.change_user("admin", demote.clone()).await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(state.delete_user("admin").await.unwrap_err().kind(), Kind::Conflict);
    state.create_user("second", "long enough", Role::Admin).await.unwrap();
    assert_eq!(state.change_user("admin", demote).await.unwrap().role, Role::Viewer);
    state.delete_user("admin").await.unwrap();
    assert_eq!(state.delete_user("admin").await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(state.users().await.unwrap().len(), 1);
}

#[tokio::test]
async fn unfit_accounts_are_refused() {
    let place = Place::new("unfit");
    let state = place.open().await;
    for (name, password) in [("", "long enough"), ("a b", "long enough"), ("é", "long enough"), ("ok", "short")] {
        assert_eq!(state.create_user(name, password, Role::Viewer).await.unwrap_err().kind(), Kind::Invalid, "{name}");
    }
    state.create_user("ok", "long enough", Role::Viewer).await.unwrap();
    assert_eq!(state.create_user("ok", "long enough", Role::Viewer).await.unwrap_err().kind(), Kind::Conflict);
    let language = UserChange { language: Some("fr".to_owned()), ..UserChange::default() };
    assert_eq!(state.change_user("ok", language).await.unwrap_err().kind(), Kind::Invalid);
}
