//! The letter about a sign-in from where an account was not known.

use super::words;
use crate::session::user_agent::UserAgent;

words! {
    /// The words of the letter.
    pub struct NewDevice;

    /// The subject.
    subject(host: &str) { En: "New sign-in at {host}", De: "Neue Anmeldung bei {host}", Fr: "Nouvelle connexion à {host}", Es: "Nuevo inicio de sesión en {host}" }
    /// What happened.
    lead(account: &str, host: &str, device: &str, time: &str) {
        En: "Somebody has signed in as {account} at {host} from a device that your account did not know: {device}, {time}.",
        De: "Jemand hat sich bei {host} als {account} angemeldet, von einem Gerät, das Ihr Konto noch nicht kannte: {device}, {time}.",
        Fr: "Quelqu’un s’est connecté à {host} en tant que {account} depuis un appareil que votre compte ne connaissait pas : {device}, {time}.",
        Es: "Alguien ha iniciado sesión en {host} como {account} desde un dispositivo que su cuenta no conocía: {device}, {time}."
    }
    /// Where it came from.
    from(address: &str) { En: "The network address was {address}.", De: "Die Netzwerkadresse war {address}.", Fr: "L’adresse réseau était {address}.", Es: "La dirección de red era {address}." }
    /// The link.
    not_me { En: "This wasn’t me", De: "Das war ich nicht", Fr: "Ce n’était pas moi", Es: "No fui yo" }
    /// For whom it was.
    was_me { En: "If it was you, there is nothing to do.", De: "Wenn Sie es waren, brauchen Sie nichts zu tun.", Fr: "Si c’était vous, vous n’avez rien à faire.", Es: "Si fue usted, no tiene que hacer nada." }
    /// For whom it was not.
    was_not(days: u64) {
        En: "If it was not you, follow the link within {days} days: it ends every sign-in, on all devices, and leads to a new password.",
        De: "Wenn nicht, folgen Sie dem Link innerhalb von {days} Tagen: Er beendet jede Anmeldung auf allen Geräten und führt zu einem neuen Passwort.",
        Fr: "Sinon, suivez le lien dans les {days} jours : il met fin à toutes les connexions, sur tous les appareils, et mène à un nouveau mot de passe.",
        Es: "Si no fue usted, siga el enlace en un plazo de {days} días: cierra todas las sesiones, en todos los dispositivos, y lleva a una contraseña nueva."
    }
    /// A browser on a system.
    browser_on(browser: &str, system: &str) { En: "{browser} on {system}", De: "{browser} auf {system}", Fr: "{browser} sur {system}", Es: "{browser} en {system}" }
    /// Neither is known.
    unknown { En: "an unknown browser or program", De: "ein unbekannter Browser oder ein unbekanntes Programm", Fr: "un navigateur ou programme inconnu", Es: "un navegador o programa desconocido" }
}

impl NewDevice {
    /// A device in words.
    pub fn device(self, device: UserAgent) -> String {
        match (device.browser, device.system) {
            (Some(browser), Some(system)) => self.browser_on(browser, system),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => self.unknown().to_owned(),
        }
    }
}
