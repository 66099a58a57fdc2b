//! What the sign-in page says.

use super::words;

words! {
    /// The words of the sign-in page.
    pub struct Login;

    /// Where people choose an account.
    choose_account { En: "Choose an account", De: "Konto auswählen", Fr: "Choisissez un compte", Es: "Elija una cuenta" }
    /// Where they show again who they are.
    confirm_it_is_you { En: "Confirm it is you", De: "Bestätigen Sie, dass Sie es sind", Fr: "Confirmez que c’est bien vous", Es: "Confirme que es usted" }
    /// Before [`Login::asks_again`].
    signed_in_as(account: &str) {
        En: "You are signed in as {account}.", De: "Sie sind angemeldet als {account}.",
        Fr: "Vous êtes connecté en tant que {account}.", Es: "Ha iniciado sesión como {account}.",
    }
    /// The application wants a fresh sign-in.
    asks_again(client: &str) {
        En: "{client} asks you to sign in again.", De: "{client} bittet Sie, sich noch einmal anzumelden.",
        Fr: "{client} vous demande de vous connecter à nouveau.", Es: "{client} le pide que vuelva a iniciar sesión.",
    }
    /// One of our own pages does.
    again { En: "Please sign in again.", De: "Bitte melden Sie sich noch einmal an.", Fr: "Veuillez vous connecter à nouveau.", Es: "Vuelva a iniciar sesión, por favor." }
    /// What the sign-in is for.
    for_device { En: "to connect your device", De: "um Ihr Gerät zu verbinden", Fr: "pour connecter votre appareil", Es: "para conectar su dispositivo" }
    /// What the sign-in is for.
    for_account(host: &str) { En: "to your account at {host}", De: "bei Ihrem Konto auf {host}", Fr: "à votre compte sur {host}", Es: "en su cuenta de {host}" }
    /// Whoever has proven an address has an account with it.
    account_exists {
        En: "You have an account with this address. Sign in with its password.",
        De: "Mit dieser Adresse haben Sie schon ein Konto. Melden Sie sich mit dessen Passwort an.",
        Fr: "Vous avez déjà un compte avec cette adresse. Connectez-vous avec son mot de passe.",
        Es: "Ya tiene una cuenta con esta dirección. Inicie sesión con su contraseña.",
    }
    /// Never says which half was wrong.
    wrong {
        En: "That email and password do not match. Check both, or reset your password.",
        De: "E-Mail-Adresse und Passwort passen nicht zusammen. Prüfen Sie beides, oder setzen Sie Ihr Passwort zurück.",
        Fr: "L’adresse e-mail et le mot de passe ne correspondent pas. Vérifiez les deux, ou réinitialisez votre mot de passe.",
        Es: "El correo y la contraseña no coinciden. Compruebe ambos o restablezca su contraseña.",
    }
    /// No room for the check.
    busy {
        En: "Many people are signing in at this moment. Try again in a few seconds.",
        De: "Gerade melden sich viele Menschen an. Versuchen Sie es in einigen Sekunden noch einmal.",
        Fr: "Beaucoup de personnes se connectent en ce moment. Réessayez dans quelques secondes.",
        Es: "Muchas personas están iniciando sesión en este momento. Inténtelo de nuevo en unos segundos.",
    }
    /// The passkey signs nobody in.
    passkey {
        En: "That passkey did not sign you in. Try again, or use your password.",
        De: "Mit diesem Passkey konnten Sie nicht angemeldet werden. Versuchen Sie es noch einmal, oder verwenden Sie Ihr Passwort.",
        Fr: "Cette clé d’accès n’a pas permis de vous connecter. Réessayez, ou utilisez votre mot de passe.",
        Es: "Esa clave de acceso no inició su sesión. Inténtelo de nuevo o use su contraseña.",
    }
    /// The account waits for a new password.
    shut {
        En: "Nobody can sign in to this account until it has a new password, since something about it was reported. Use the link that was mailed, or “Forgot your password?”.",
        De: "Bei diesem Konto kann sich niemand anmelden, bis es ein neues Passwort hat, weil etwas gemeldet wurde. Verwenden Sie den Link in der E-Mail oder „Passwort vergessen?“.",
        Fr: "Personne ne peut se connecter à ce compte tant qu’il n’a pas de nouveau mot de passe, car quelque chose a été signalé. Utilisez le lien envoyé par e-mail, ou «\u{a0}Mot de passe oublié\u{a0}?\u{a0}».",
        Es: "Nadie puede entrar en esta cuenta hasta que tenga una contraseña nueva, porque se notificó algo. Use el enlace del correo o «¿Olvidó su contraseña?».",
    }
    /// Where passwords are slowed, after how long.
    or_passkey {
        En: "A passkey signs you in at once.", De: "Mit einem Passkey können Sie sich sofort anmelden.",
        Fr: "Avec une clé d’accès, vous pouvez vous connecter tout de suite.", Es: "Con una clave de acceso puede entrar ahora mismo.",
    }
    /// A field was empty.
    incomplete {
        En: "Enter your email or user name, and your password.", De: "Geben Sie Ihre E-Mail-Adresse oder Ihren Benutzernamen und Ihr Passwort ein.",
        Fr: "Saisissez votre adresse e-mail ou votre nom d’utilisateur, et votre mot de passe.",
        Es: "Escriba su correo o nombre de usuario y su contraseña.",
    }
    /// A button.
    go_on { En: "Continue with this account", De: "Mit diesem Konto weiter", Fr: "Continuer avec ce compte", Es: "Continuar con esta cuenta" }
    /// A heading.
    or_another { En: "Or another account", De: "Oder ein anderes Konto", Fr: "Ou un autre compte", Es: "U otra cuenta" }
    /// A box to tick.
    keep { En: "Keep me signed in on this device", De: "Auf diesem Gerät angemeldet bleiben", Fr: "Rester connecté sur cet appareil", Es: "Mantener la sesión en este dispositivo" }
    /// The browser has shown no passkey.
    no_passkey {
        En: "No passkey was used. Try again, or use your password.", De: "Es wurde kein Passkey verwendet. Versuchen Sie es noch einmal, oder verwenden Sie Ihr Passwort.",
        Fr: "Aucune clé d’accès n’a été utilisée. Réessayez, ou utilisez votre mot de passe.",
        Es: "No se usó ninguna clave de acceso. Inténtelo de nuevo o use su contraseña.",
    }
    /// Before [`Login::create`].
    new_here { En: "New here?", De: "Neu hier?", Fr: "Première visite\u{a0}?", Es: "¿Es nuevo aquí?" }
    /// Leads to the page for making an account.
    create { En: "Create an account", De: "Konto erstellen", Fr: "Créer un compte", Es: "Crear una cuenta" }
    /// Leads to a new password.
    forgot { En: "Forgot your password?", De: "Passwort vergessen?", Fr: "Mot de passe oublié\u{a0}?", Es: "¿Olvidó su contraseña?" }
}
