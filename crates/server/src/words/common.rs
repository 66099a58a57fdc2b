//! What several pages say.

use super::words;

words! {
    /// Words of several pages.
    pub struct Common;

    /// Around whom the operator names.
    ask_for_help around { En: ("Ask ", " for help."), De: ("Hilfe bekommen Sie bei ", "."), Fr: ("Pour obtenir de l’aide, adressez-vous à ", "."), Es: ("Pida ayuda a ", ".") }
    /// The same where nobody is named.
    ask_operator { En: "Ask whoever runs this service.", De: "Wenden Sie sich an die Betreiber dieses Dienstes.", Fr: "Adressez-vous à qui exploite ce service.", Es: "Pregunte a quien administra este servicio." }

    /// Begins the title of a page on which something went wrong.
    problem { En: "Problem: ", De: "Problem: ", Fr: "Problème\u{a0}: ", Es: "Problema: " }
    /// Stands above an account.
    signed_in_as { En: "Signed in as", De: "Angemeldet als", Fr: "Connecté en tant que", Es: "Sesión iniciada como" }
    /// A button.
    sign_in { En: "Sign in", De: "Anmelden", Fr: "Se connecter", Es: "Iniciar sesión" }
    /// A button.
    proceed { En: "Continue", De: "Weiter", Fr: "Continuer", Es: "Continuar" }
    /// A button.
    allow { En: "Allow", De: "Erlauben", Fr: "Autoriser", Es: "Permitir" }
    /// A button.
    deny { En: "Do not allow", De: "Nicht erlauben", Fr: "Ne pas autoriser", Es: "No permitir" }
    /// Leaves a page.
    cancel { En: "Cancel", De: "Abbrechen", Fr: "Annuler", Es: "Cancelar" }
    /// Leaves a page for the application.
    cancel_to(client: &str) {
        En: "Cancel and return to {client}", De: "Abbrechen und zurück zu {client}", Fr: "Annuler et revenir à {client}",
        Es: "Cancelar y volver a {client}",
    }
    /// A link.
    start_page { En: "Go to the start page", De: "Zur Startseite", Fr: "Aller à la page d’accueil", Es: "Ir a la página de inicio" }
    /// A link.
    back_to_start { En: "Back to the start page", De: "Zurück zur Startseite", Fr: "Retour à la page d’accueil", Es: "Volver a la página de inicio" }
    /// Whom the page is for.
    to_continue_to(client: &str) { En: "to continue to {client}", De: "weiter zu {client}", Fr: "pour continuer vers {client}", Es: "para continuar a {client}" }
    /// A label.
    email { En: "Email", De: "E-Mail-Adresse", Fr: "Adresse e-mail", Es: "Correo electrónico" }
    /// A label.
    name { En: "Name", De: "Name", Fr: "Nom", Es: "Nombre" }
    /// A label.
    identifier { En: "Email or user name", De: "E-Mail-Adresse oder Benutzername", Fr: "Adresse e-mail ou nom d’utilisateur", Es: "Correo electrónico o nombre de usuario" }
    /// A label.
    password { En: "Password", De: "Passwort", Fr: "Mot de passe", Es: "Contraseña" }
    /// A label.
    password_again { En: "Password again", De: "Passwort wiederholen", Fr: "Mot de passe, encore une fois", Es: "Repita la contraseña" }
    /// A button that shows what is typed.
    show { En: "Show", De: "Anzeigen", Fr: "Afficher", Es: "Mostrar" }
    /// Its name for who cannot see beside which field it stands.
    show_field(label: &str) { En: "Show: {label}", De: "Anzeigen: {label}", Fr: "Afficher\u{a0}: {label}", Es: "Mostrar: {label}" }
    /// A label.
    account { En: "Account", De: "Konto", Fr: "Compte", Es: "Cuenta" }
    /// A label.
    code { En: "Code", De: "Code", Fr: "Code", Es: "Código" }
    /// A link.
    privacy_policy { En: "privacy policy", De: "Datenschutz", Fr: "politique de confidentialité", Es: "política de privacidad" }
    /// A link.
    terms { En: "terms of service", De: "Nutzungsbedingungen", Fr: "conditions d’utilisation", Es: "condiciones del servicio" }
    /// A form was sent too late.
    page_expired {
        En: "This page was open too long, or your browser did not keep its cookie. Try again.",
        De: "Diese Seite war zu lange offen, oder Ihr Browser hat ihr Cookie nicht behalten. Versuchen Sie es noch einmal.",
        Fr: "Cette page est restée ouverte trop longtemps, ou votre navigateur n’a pas gardé son cookie. Réessayez.",
        Es: "Esta página estuvo abierta demasiado tiempo, o su navegador no guardó la cookie. Inténtelo de nuevo.",
    }
    /// How long a page that signs in or up can be left open.
    one_hour {
        En: "You have an hour for this page; each attempt starts it anew.", De: "Sie haben für diese Seite eine Stunde; jeder Versuch beginnt sie neu.",
        Fr: "Vous avez une heure pour cette page\u{a0}; chaque essai la fait repartir.", Es: "Tiene una hora para esta página; cada intento la reinicia.",
    }
    /// No room at this moment.
    busy {
        En: "The server is busy at this moment. Try again in a few seconds.",
        De: "Der Server ist gerade ausgelastet. Versuchen Sie es in einigen Sekunden noch einmal.",
        Fr: "Le serveur est occupé en ce moment. Réessayez dans quelques secondes.",
        Es: "El servidor está ocupado en este momento. Inténtelo de nuevo en unos segundos.",
    }
    /// Slowed down, for such a time.
    too_many(time: &str) {
        En: "Too many attempts. Try again in {time}.", De: "Zu viele Versuche. Versuchen Sie es in {time} noch einmal.",
        Fr: "Trop de tentatives. Réessayez dans {time}.", Es: "Demasiados intentos. Inténtelo de nuevo en {time}.",
    }
    /// What was typed is no address.
    not_an_email {
        En: "That does not look like an email address. Check it for typing mistakes.",
        De: "Das sieht nicht nach einer E-Mail-Adresse aus. Prüfen Sie sie auf Tippfehler.",
        Fr: "Cela ne ressemble pas à une adresse e-mail. Vérifiez qu’elle ne contient pas d’erreur.",
        Es: "Eso no parece una dirección de correo. Compruebe que esté bien escrita.",
    }
    /// A button that asks for a passkey.
    use_passkey { En: "Use a passkey", De: "Passkey verwenden", Fr: "Utiliser une clé d’accès", Es: "Usar una clave de acceso" }
}
