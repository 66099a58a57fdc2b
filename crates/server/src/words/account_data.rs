//! `/account/data`.

use super::words;

words! {
    /// The words of the page on which people take their data along, or end their account.
    pub struct AccountData;

    /// The heading.
    title { En: "Your data", De: "Ihre Daten", Fr: "Vos données", Es: "Sus datos" }
    /// What the copy holds.
    copy_lead { En: "A file with everything that is kept of you here: profile, sign-ins, apps, what happened. Without passwords and keys.", De: "Eine Datei mit allem, was hier über Sie gespeichert ist: Profil, Anmeldungen, Apps, Ereignisse. Ohne Passwörter und Schlüssel.", Fr: "Un fichier avec tout ce qui est conservé ici à votre sujet : profil, connexions, applications, événements. Sans mots de passe ni clés.", Es: "Un archivo con todo lo que se guarda de usted aquí: perfil, sesiones, aplicaciones y lo ocurrido. Sin contraseñas ni claves." }
    /// The button.
    copy { En: "Download a copy", De: "Kopie herunterladen", Fr: "Télécharger une copie", Es: "Descargar una copia" }
    /// The second heading.
    delete_title { En: "Delete your account", De: "Konto löschen", Fr: "Supprimer votre compte", Es: "Eliminar la cuenta" }
    /// What that does.
    delete_lead { En: "Everything kept with your account goes, every sign-in ends, and apps are told. This cannot be undone.", De: "Alles, was mit Ihrem Konto gespeichert ist, wird gelöscht, jede Anmeldung endet, und Apps werden benachrichtigt. Das lässt sich nicht rückgängig machen.", Fr: "Tout ce qui est conservé avec votre compte disparaît, toutes les connexions prennent fin et les applications en sont averties. C’est irréversible.", Es: "Todo lo guardado con su cuenta se borra, se cierran todas las sesiones y se avisa a las aplicaciones. No se puede deshacer." }
    /// The button that leads to the question.
    delete { En: "Delete my account", De: "Mein Konto löschen", Fr: "Supprimer mon compte", Es: "Eliminar mi cuenta" }
    /// The operator does not want it.
    delete_off { En: "Your administrator deletes accounts.", De: "Konten löscht Ihr Administrator.", Fr: "C’est votre administrateur qui supprime les comptes.", Es: "Las cuentas las elimina su administrador." }
    /// Nobody could administer the server.
    last_administrator { En: "You are the last administrator. Make somebody else one first.", De: "Sie sind der letzte Administrator. Ernennen Sie zuerst einen anderen.", Fr: "Vous êtes le dernier administrateur. Nommez-en d’abord un autre.", Es: "Usted es el último administrador. Nombre antes a otro." }
    /// Label of the question.
    type_it(name: &str) { En: "To go on, type {name}", De: "Um fortzufahren, tippen Sie {name}", Fr: "Pour continuer, saisissez {name}", Es: "Para continuar, escriba {name}" }
    /// It was not that.
    mistyped { En: "That is not what you sign in with. Nothing was deleted.", De: "Das ist nicht, womit Sie sich anmelden. Es wurde nichts gelöscht.", Fr: "Ce n’est pas votre identifiant. Rien n’a été supprimé.", Es: "Eso no es con lo que inicia sesión. No se ha eliminado nada." }
    /// The last button.
    delete_for_ever { En: "Delete for ever", De: "Endgültig löschen", Fr: "Supprimer définitivement", Es: "Eliminar para siempre" }
}
