//! `/account/activity`: what is on record about somebody, in words.

use super::words;

words! {
    /// The words of the page of events.
    pub struct AccountActivity;

    /// The heading.
    title { En: "Activity", De: "Aktivität", Fr: "Activité", Es: "Actividad" }
    /// What to do with it.
    lead { En: "If something here was not you, change your password and sign out everywhere else.", De: "Wenn etwas davon nicht von Ihnen war, ändern Sie Ihr Passwort und melden Sie sich überall sonst ab.", Fr: "Si quelque chose ici ne vient pas de vous, changez de mot de passe et déconnectez-vous partout ailleurs.", Es: "Si algo de esto no fue usted, cambie su contraseña y cierre la sesión en todos los demás sitios." }
    /// There is nothing.
    none { En: "Nothing is on record.", De: "Es ist nichts verzeichnet.", Fr: "Rien n’est enregistré.", Es: "No hay nada registrado." }
    /// To the next page.
    older { En: "Older", De: "Ältere", Fr: "Plus anciens", Es: "Más antiguos" }
    /// To the first page.
    newest { En: "Newest", De: "Neueste", Fr: "Les plus récents", Es: "Más recientes" }
    /// From where.
    address(address: &str) { En: "from {address}", De: "von {address}", Fr: "depuis {address}", Es: "desde {address}" }
    /// By the operator.
    by_operator { En: "by an administrator", De: "durch einen Administrator", Fr: "par un administrateur", Es: "por un administrador" }

    /// `session.start`.
    signed_in { En: "Signed in", De: "Angemeldet", Fr: "Connexion", Es: "Inicio de sesión" }
    /// `session.start`, failed.
    sign_in_failed { En: "A sign-in failed", De: "Eine Anmeldung ist fehlgeschlagen", Fr: "Échec d’une connexion", Es: "Falló un inicio de sesión" }
    /// `session.end`.
    signed_out { En: "Signed out", De: "Abgemeldet", Fr: "Déconnexion", Es: "Cierre de sesión" }
    /// `user.sign_out`.
    signed_out_everywhere { En: "Signed out on all devices", De: "Auf allen Geräten abgemeldet", Fr: "Déconnexion de tous les appareils", Es: "Cierre de sesión en todos los dispositivos" }
    /// `user.create`.
    created { En: "Account created", De: "Konto angelegt", Fr: "Compte créé", Es: "Cuenta creada" }
    /// `user.change`.
    changed { En: "Account changed", De: "Konto geändert", Fr: "Compte modifié", Es: "Cuenta modificada" }
    /// `user.profile.change`.
    profile_changed { En: "Profile changed", De: "Profil geändert", Fr: "Profil modifié", Es: "Perfil modificado" }
    /// `user.password.change`, `user.password.reset`, `user.password.set`.
    password_changed { En: "Password changed", De: "Passwort geändert", Fr: "Mot de passe modifié", Es: "Contraseña cambiada" }
    /// `user.reset_link.create`.
    reset_asked { En: "A link for a new password was sent", De: "Ein Link für ein neues Passwort wurde verschickt", Fr: "Un lien pour un nouveau mot de passe a été envoyé", Es: "Se envió un enlace para una contraseña nueva" }
    /// `user.email.ask`.
    email_asked { En: "Another address was asked for", De: "Eine andere Adresse wurde gewünscht", Fr: "Une autre adresse a été demandée", Es: "Se solicitó otra dirección" }
    /// `user.email.change`.
    email_changed { En: "Address changed", De: "Adresse geändert", Fr: "Adresse modifiée", Es: "Dirección cambiada" }
    /// `user.email.prove`.
    email_proven { En: "Address confirmed", De: "Adresse bestätigt", Fr: "Adresse confirmée", Es: "Dirección confirmada" }
    /// `user.email.undo`.
    email_undone { En: "Address taken back", De: "Adresse zurückgeholt", Fr: "Adresse rétablie", Es: "Dirección restablecida" }
    /// `user.factor.passkey`.
    passkey_added { En: "Passkey added", De: "Passkey hinzugefügt", Fr: "Clé d’accès ajoutée", Es: "Clave de acceso añadida" }
    /// `user.factor.totp`.
    app_added { En: "Authenticator app set up", De: "Authenticator-App eingerichtet", Fr: "Application d’authentification configurée", Es: "Aplicación de autenticación configurada" }
    /// `user.factor.recovery_codes`.
    codes_made { En: "New recovery codes", De: "Neue Wiederherstellungscodes", Fr: "Nouveaux codes de secours", Es: "Códigos de recuperación nuevos" }
    /// `user.factor.recovery_code.use`.
    code_used { En: "Recovery code used", De: "Wiederherstellungscode benutzt", Fr: "Code de secours utilisé", Es: "Código de recuperación usado" }
    /// `user.factor.remove`.
    factor_removed { En: "A way to sign in removed", De: "Ein Anmeldeweg entfernt", Fr: "Un moyen de connexion supprimé", Es: "Se eliminó un modo de iniciar sesión" }
    /// `user.factors.reset`.
    factors_reset { En: "All factors removed", De: "Alle Faktoren entfernt", Fr: "Tous les facteurs supprimés", Es: "Todos los factores eliminados" }
    /// `user.roles.change`.
    roles_changed { En: "Roles changed", De: "Rollen geändert", Fr: "Rôles modifiés", Es: "Roles modificados" }
    /// `user.block`.
    blocked { En: "Account blocked", De: "Konto gesperrt", Fr: "Compte bloqué", Es: "Cuenta bloqueada" }
    /// `user.unblock`.
    unblocked { En: "Account unblocked", De: "Konto entsperrt", Fr: "Compte débloqué", Es: "Cuenta desbloqueada" }
    /// `user.browser.forget`.
    browser_forgotten { En: "Browser forgotten", De: "Browser vergessen", Fr: "Navigateur oublié", Es: "Navegador olvidado" }
    /// `user.data.export`.
    exported { En: "Copy of your data taken", De: "Kopie Ihrer Daten mitgenommen", Fr: "Copie de vos données emportée", Es: "Se llevó una copia de sus datos" }
    /// `user.reset_link.create` by the operator, who hands it over.
    reset_link_made { En: "A link for a new password was made", De: "Ein Link für ein neues Passwort wurde erstellt", Fr: "Un lien pour un nouveau mot de passe a été créé", Es: "Se creó un enlace para una contraseña nueva" }
    /// `mail.delivered`, of a letter without a name here.
    letter_sent { En: "An email was sent to you", De: "Eine E-Mail ging an Sie", Fr: "Un e-mail vous a été envoyé", Es: "Se le envió un correo" }
    /// `mail.delivered`, before what it was about.
    letter_about(about: &str) { En: "An email was sent to you: {about}", De: "Eine E-Mail ging an Sie: {about}", Fr: "Un e-mail vous a été envoyé\u{a0}: {about}", Es: "Se le envió un correo: {about}" }
    /// The letter `new_device`.
    about_new_device { En: "sign-in on a new device", De: "Anmeldung auf einem neuen Gerät", Fr: "connexion sur un nouvel appareil", Es: "inicio de sesión en un dispositivo nuevo" }
    /// The letters `sign_in_code` and `second_step_code`.
    about_code { En: "code to sign in", De: "Code zum Anmelden", Fr: "code de connexion", Es: "código para iniciar sesión" }
    /// The letter `factor_refused`.
    about_second_step { En: "second step failed", De: "zweiter Schritt misslungen", Fr: "deuxième étape échouée", Es: "falló el segundo paso" }
    /// The letters `email_proof`, `own_email_proof`, `sign_up_code` and `sign_up_link`.
    about_proof { En: "link to confirm an address", De: "Link zum Bestätigen einer Adresse", Fr: "lien pour confirmer une adresse", Es: "enlace para confirmar una dirección" }
    /// The letters `email_left` and `email_taken`.
    about_address { En: "about an address", De: "zu einer Adresse", Fr: "à propos d’une adresse", Es: "sobre una dirección" }
    /// The letter `address_known`.
    about_known { En: "somebody wanted to sign up with your address", De: "jemand wollte sich mit Ihrer Adresse registrieren", Fr: "quelqu’un a voulu s’inscrire avec votre adresse", Es: "alguien quiso registrarse con su dirección" }
    /// The letter `test`.
    about_test { En: "test", De: "Test", Fr: "test", Es: "prueba" }
    /// `user.not_me`.
    not_me { En: "You said: this was not me", De: "Sie sagten: Das war nicht ich", Fr: "Vous avez dit : ce n’était pas moi", Es: "Usted dijo: no fui yo" }
    /// `consent.grant`.
    consent_granted(client: &str) { En: "{client} got access", De: "{client} hat Zugriff bekommen", Fr: "{client} a obtenu l’accès", Es: "{client} obtuvo acceso" }
    /// `consent.withdraw`.
    consent_withdrawn(client: &str) { En: "{client} lost access", De: "{client} hat den Zugriff verloren", Fr: "{client} a perdu l’accès", Es: "{client} perdió el acceso" }
    /// `token.issue`.
    tokens_issued(client: &str) { En: "{client} was signed in", De: "{client} wurde angemeldet", Fr: "{client} a été connectée", Es: "{client} inició sesión" }
    /// `device.allow` and `ciba.allow`.
    allowed(client: &str) { En: "{client} was allowed elsewhere", De: "{client} wurde anderswo erlaubt", Fr: "{client} a été autorisée ailleurs", Es: "{client} fue autorizada en otro sitio" }
    /// `device.deny` and `ciba.deny`.
    denied(client: &str) { En: "{client} was refused elsewhere", De: "{client} wurde anderswo abgelehnt", Fr: "{client} a été refusée ailleurs", Es: "{client} fue rechazada en otro sitio" }
    /// `ciba.start`.
    asked(client: &str) { En: "{client} asked for you", De: "{client} hat nach Ihnen gefragt", Fr: "{client} a demandé votre accord", Es: "{client} preguntó por usted" }
    /// An event of a name that these words do not know.
    other(name: &str) { En: "Other: {name}", De: "Anderes: {name}", Fr: "Autre : {name}", Es: "Otro: {name}" }
    /// A client without a name.
    an_app { En: "An app", De: "Eine App", Fr: "Une application", Es: "Una aplicación" }
}

impl AccountActivity {
    /// That a letter was sent, and which. Of those that tell of something else in the list nothing more is said.
    pub fn mailed(self, letter: Option<&str>) -> String {
        let about = match letter.unwrap_or_default() {
            "new_device" => self.about_new_device(),
            "sign_in_code" | "second_step_code" => self.about_code(),
            "factor_refused" => self.about_second_step(),
            "email_proof" | "own_email_proof" | "sign_up_code" | "sign_up_link" => self.about_proof(),
            "email_left" | "email_taken" => self.about_address(),
            "address_known" => self.about_known(),
            "test" => self.about_test(),
            _ => return self.letter_sent().to_owned(),
        };
        self.letter_about(about)
    }
}
