//! What the consent page says, and how every page says what an application asks for.

use super::words;

words! {
    /// The words of what is asked for.
    pub struct Consent;

    /// The question.
    allow(client: &str) { En: "Allow {client}?", De: "{client} den Zugriff erlauben?", Fr: "Autoriser l’accès à {client}\u{a0}?", Es: "¿Permitir el acceso a {client}?" }
    /// What it is about.
    asks { En: "It asks for access to your account.", De: "Die App bittet um Zugriff auf Ihr Konto.", Fr: "Elle demande l’accès à votre compte.", Es: "Pide acceso a su cuenta." }
    /// A link.
    another_account { En: "Use another account", De: "Anderes Konto verwenden", Fr: "Utiliser un autre compte", Es: "Usar otra cuenta" }
    /// A heading over scopes.
    able_to { En: "It will be able to", De: "Sie kann dann", Fr: "Elle pourra", Es: "Podrá" }
    /// A heading over more of them.
    also_able_to { En: "It will also be able to", De: "Sie kann dann auch", Fr: "Elle pourra aussi", Es: "También podrá" }
    /// Marks what is asked for the first time.
    first_time { En: "new", De: "neu", Fr: "nouveau", Es: "nuevo" }
    /// For how long.
    for_days(time: &str) {
        En: "For up to {time}, or until you sign out everywhere.", De: "Höchstens {time} lang, oder bis Sie sich überall abmelden.",
        Fr: "Pendant {time} au plus, ou jusqu’à ce que vous vous déconnectiez partout.", Es: "Durante {time} como máximo, o hasta que cierre sesión en todas partes.",
    }
    /// For how long.
    until_sign_out { En: "Until you sign out.", De: "Bis Sie sich abmelden.", Fr: "Jusqu’à votre déconnexion.", Es: "Hasta que cierre sesión." }
    /// For how long, of a client that is elsewhere.
    until_sign_out_here { En: "Until you sign out here.", De: "Bis Sie sich hier abmelden.", Fr: "Jusqu’à ce que vous vous déconnectiez ici.", Es: "Hasta que cierre sesión aquí." }
    /// After it.
    withdraw {
        En: "You can take this back in your account at any time.", De: "Sie können das jederzeit in Ihrem Konto widerrufen.",
        Fr: "Vous pouvez retirer cet accès à tout moment dans votre compte.", Es: "Puede retirarlo en cualquier momento en su cuenta.",
    }
    /// `openid`.
    openid { En: "Know who you are here", De: "Wissen, wer Sie hier sind", Fr: "Savoir qui vous êtes ici", Es: "Saber quién es usted aquí" }
    /// `profile`.
    profile { En: "See your name and basic profile", De: "Ihren Namen und Ihr Profil sehen", Fr: "Voir votre nom et votre profil", Es: "Ver su nombre y su perfil básico" }
    /// `email`.
    email { En: "See your email address", De: "Ihre E-Mail-Adresse sehen", Fr: "Voir votre adresse e-mail", Es: "Ver su correo electrónico" }
    /// `address`.
    address { En: "See your postal address", De: "Ihre Postanschrift sehen", Fr: "Voir votre adresse postale", Es: "Ver su dirección postal" }
    /// `phone`.
    phone { En: "See your phone number", De: "Ihre Telefonnummer sehen", Fr: "Voir votre numéro de téléphone", Es: "Ver su número de teléfono" }
    /// `offline_access`.
    offline_access {
        En: "Keep this access while you are not using the app", De: "Diesen Zugriff behalten, während Sie die App nicht verwenden",
        Fr: "Garder cet accès quand vous n’utilisez pas l’application", Es: "Mantener este acceso mientras no usa la aplicación",
    }
}

impl Consent {
    /// What a standard scope means, in words (OpenID Connect Core §5.4, §11).
    pub fn scope(self, scope: &str) -> Option<&'static str> {
        Some(match scope {
            "openid" => self.openid(),
            "profile" => self.profile(),
            "email" => self.email(),
            "address" => self.address(),
            "phone" => self.phone(),
            "offline_access" => self.offline_access(),
            _ => return None,
        })
    }
}
