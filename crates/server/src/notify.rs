//! What systemd is told (sd_notify(3)): ready, reloading, stopping, and by the watchdog that the process still moves. Without systemd
//! there is nobody to tell, and nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

/// Requests are answered.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is read again, until [`ready`] is told.
pub(crate) fn reloading() {
    // `Type=notify-reload` tells this reload from an earlier one by the time (systemd.service(5)).
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "systemd could not be told of the reload"),
    }
}

/// No new requests are taken.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Gives the sign of life that systemd asked for (`WatchdogSec=`), for as long as the task lives. It says that the process moves, not
/// that its store answers: a restart would not bring that back.
pub(crate) async fn watchdog() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let every = (limit / 2).max(Duration::from_millis(1));
    loop {
        tell(&[NotifyState::Watchdog]);
        tokio::time::sleep(every).await;
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told: {states:?}");
    }
}
