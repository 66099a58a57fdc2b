//! The page on which somebody says that it was not them.

use super::words;

words! {
    /// The words of the page.
    pub struct NotMe;

    /// The title of the question.
    title { En: "Was this not you?", De: "Waren Sie das nicht?", Fr: "Ce n’était pas vous ?", Es: "¿No fue usted?" }
    /// What the button does.
    lead(host: &str) {
        En: "With this button you shut everybody out of your account at {host}, and then choose a new password.",
        De: "Mit diesem Knopf schließen Sie alle aus Ihrem Konto bei {host} aus und wählen danach ein neues Passwort.",
        Fr: "Avec ce bouton, vous fermez votre compte à {host} à tout le monde, puis vous choisissez un nouveau mot de passe.",
        Es: "Con este botón deja fuera de su cuenta en {host} a todo el mundo y después elige una contraseña nueva."
    }
    /// The first thing that happens.
    ends { En: "Every sign-in ends, on all devices and in all apps; yours, too.", De: "Jede Anmeldung endet, auf allen Geräten und in allen Apps; auch Ihre eigene.", Fr: "Toutes les connexions prennent fin, sur tous les appareils et dans toutes les applications, la vôtre aussi.", Es: "Se cierran todas las sesiones, en todos los dispositivos y aplicaciones; también la suya." }
    /// The second.
    locks { En: "The password signs nobody in any more.", De: "Mit dem bisherigen Passwort kann sich niemand mehr anmelden.", Fr: "Le mot de passe actuel ne permet plus à personne de se connecter.", Es: "La contraseña actual ya no permite a nadie iniciar sesión." }
    /// What does not happen.
    stays {
        En: "Passkeys, authenticator apps and recovery codes stay. Once you are signed in, remove those that are not yours.",
        De: "Passkeys, Authenticator-Apps und Wiederherstellungscodes bleiben. Entfernen Sie nach der Anmeldung, was nicht von Ihnen ist.",
        Fr: "Les clés d’accès, applications d’authentification et codes de secours restent. Une fois connecté, supprimez ceux qui ne sont pas les vôtres.",
        Es: "Las claves de acceso, aplicaciones de autenticación y códigos de recuperación se conservan. Cuando inicie sesión, elimine los que no sean suyos."
    }
    /// The button.
    confirm { En: "It wasn’t me: shut everybody out", De: "Ich war es nicht: alle ausschließen", Fr: "Ce n’était pas moi : tout fermer", Es: "No fui yo: dejar fuera a todos" }
    /// The way to say no.
    was_me { En: "It was me: change nothing", De: "Ich war es: nichts ändern", Fr: "C’était moi : ne rien changer", Es: "Fui yo: no cambiar nada" }
    /// The password pool is full.
    busy { En: "The server has much to do at this moment. Try again in a few seconds.", De: "Der Server hat gerade viel zu tun. Versuchen Sie es in einigen Sekunden noch einmal.", Fr: "Le serveur est très occupé. Réessayez dans quelques secondes.", Es: "El servidor está muy ocupado en este momento. Inténtelo de nuevo en unos segundos." }
    /// It is done.
    done_title { En: "Everybody is shut out", De: "Alle sind ausgeschlossen", Fr: "Votre compte est fermé à tous", Es: "Todos han quedado fuera" }
    /// What to do now.
    mailed(minutes: u64) {
        En: "Look into your mail: a link is on its way with which you choose a new password. It works for {minutes} minutes.",
        De: "Sehen Sie in Ihrem Postfach nach: Ein Link ist unterwegs, mit dem Sie ein neues Passwort wählen. Er gilt {minutes} Minuten.",
        Fr: "Consultez votre messagerie : un lien pour choisir un nouveau mot de passe est en route. Il est valable {minutes} minutes.",
        Es: "Mire su correo: va de camino un enlace para elegir una contraseña nueva. Vale durante {minutes} minutos."
    }
    /// The account has another address than the letter's.
    elsewhere {
        En: "Your account has another address by now, so no link was mailed.",
        De: "Ihr Konto hat inzwischen eine andere Adresse, deshalb wurde kein Link verschickt.",
        Fr: "Votre compte a désormais une autre adresse ; aucun lien n’a donc été envoyé.",
        Es: "Su cuenta tiene ya otra dirección, por lo que no se ha enviado ningún enlace."
    }
    /// What helps then.
    elsewhere_help {
        En: "If that address is not yours, turn to whoever runs this service at once.",
        De: "Wenn diese Adresse nicht Ihre ist, wenden Sie sich sofort an den Betreiber dieses Dienstes.",
        Fr: "Si cette adresse n’est pas la vôtre, adressez-vous sans tarder à l’exploitant de ce service.",
        Es: "Si esa dirección no es suya, diríjase de inmediato a quien presta este servicio."
    }
    /// There is no password.
    no_password { En: "Sign in again, and look at how you sign in.", De: "Melden Sie sich wieder an und prüfen Sie, wie Sie sich anmelden.", Fr: "Reconnectez-vous et vérifiez vos moyens de connexion.", Es: "Inicie sesión de nuevo y revise sus formas de iniciar sesión." }
    /// What to think of, too.
    mailbox { En: "If somebody else may read your mail, secure your mailbox first.", De: "Wenn jemand anders Ihre Post lesen könnte, sichern Sie zuerst Ihr Postfach.", Fr: "Si quelqu’un d’autre peut lire votre courrier, sécurisez d’abord votre messagerie.", Es: "Si alguien más puede leer su correo, asegure primero su buzón." }
    /// Where no letter comes.
    ask_again { En: "No letter? Ask for a link", De: "Keine E-Mail? Einen Link anfordern", Fr: "Pas d’e-mail ? Demander un lien", Es: "¿No llega? Pedir un enlace" }
    /// To the sign-in page.
    sign_in { En: "Sign in", De: "Anmelden", Fr: "Se connecter", Es: "Iniciar sesión" }
    /// The link works no longer.
    over_title { En: "This link does not work any more", De: "Dieser Link gilt nicht mehr", Fr: "Ce lien n’est plus valable", Es: "Este enlace ya no vale" }
    /// Why.
    over { En: "It was used already, it is too old, or it was damaged on the way.", De: "Er wurde schon benutzt, ist zu alt oder unterwegs beschädigt worden.", Fr: "Il a déjà servi, il est trop ancien ou il a été abîmé en route.", Es: "Ya se usó, es demasiado antiguo o se dañó por el camino." }
    /// What helps then.
    new_password { En: "Choose a new password: it ends every sign-in as well", De: "Ein neues Passwort wählen: auch das beendet jede Anmeldung", Fr: "Choisir un nouveau mot de passe : cela met aussi fin à toutes les connexions", Es: "Elegir una contraseña nueva: también cierra todas las sesiones" }
    /// To the start page.
    start { En: "Go to the start page", De: "Zur Startseite", Fr: "Aller à la page d’accueil", Es: "Ir a la página de inicio" }
}
