//! `/account/email`, and the pages behind the links that are mailed.

use super::words;

words! {
    /// The words of the pages on which an address is changed.
    pub struct AccountEmail;

    /// The heading.
    title { En: "Your address", De: "Ihre Adresse", Fr: "Votre adresse", Es: "Su dirección" }
    /// Which it is.
    present(email: &str) { En: "Letters go to {email}.", De: "E-Mails gehen an {email}.", Fr: "Les e-mails vont à {email}.", Es: "Los correos van a {email}." }
    /// There is none.
    no_address { En: "Your account has no address yet.", De: "Ihr Konto hat noch keine Adresse.", Fr: "Votre compte n’a pas encore d’adresse.", Es: "Su cuenta todavía no tiene dirección." }
    /// Nobody has proven it.
    unproven { En: "It is not proven that it is yours.", De: "Es ist nicht bewiesen, dass sie Ihre ist.", Fr: "Il n’est pas prouvé que c’est la vôtre.", Es: "No está demostrado que sea suya." }
    /// What waits.
    pending(email: &str) { En: "A link went to {email}. Nothing changes until you open it. It works for an hour.", De: "Ein Link ging an {email}. Nichts ändert sich, bis Sie ihn öffnen. Er gilt eine Stunde.", Fr: "Un lien a été envoyé à {email}. Rien ne change tant que vous ne l’ouvrez pas. Il est valable une heure.", Es: "Se envió un enlace a {email}. Nada cambia hasta que lo abra. Vale una hora." }
    /// Takes the wish back.
    drop { En: "Keep the address as it is", De: "Die Adresse lassen, wie sie ist", Fr: "Garder l’adresse actuelle", Es: "Conservar la dirección actual" }
    /// Label.
    new_address { En: "New address", De: "Neue Adresse", Fr: "Nouvelle adresse", Es: "Dirección nueva" }
    /// What happens.
    hint { En: "A link goes there that proves it is yours, and your present address is told.", De: "Dorthin geht ein Link, der beweist, dass sie Ihre ist, und die bisherige Adresse wird benachrichtigt.", Fr: "Un lien y sera envoyé pour prouver que c’est la vôtre, et l’adresse actuelle en sera avertie.", Es: "Allí llegará un enlace que demuestra que es suya, y se avisará a la dirección actual." }
    /// What happens, where there is no present address or nobody has proven it.
    hint_unproven { En: "A link goes there that proves it is yours.", De: "Dorthin geht ein Link, der beweist, dass sie Ihre ist.", Fr: "Un lien y sera envoyé pour prouver que c’est la vôtre.", Es: "Allí llegará un enlace que demuestra que es suya." }
    /// A button, for the address that the account has.
    prove { En: "Send a link that proves it", De: "Einen Link senden, der es beweist", Fr: "Envoyer un lien qui le prouve", Es: "Enviar un enlace que lo demuestre" }
    /// Heading of the page behind that link.
    prove_title { En: "Confirm your address", De: "Adresse bestätigen", Fr: "Confirmez votre adresse", Es: "Confirme su dirección" }
    /// What its button does.
    prove_lead(email: &str) { En: "{email} is the address of your account. Confirm that it is yours.", De: "{email} ist die Adresse Ihres Kontos. Bestätigen Sie, dass sie Ihre ist.", Fr: "{email} est l’adresse de votre compte. Confirmez qu’elle est à vous.", Es: "{email} es la dirección de su cuenta. Confirme que es suya." }
    /// That button.
    prove_button { En: "It is mine", De: "Sie ist meine", Fr: "Elle est à moi", Es: "Es mía" }
    /// The button.
    send { En: "Send the link", De: "Link senden", Fr: "Envoyer le lien", Es: "Enviar el enlace" }
    /// It is none.
    not_an_address { En: "That is not an email address.", De: "Das ist keine E-Mail-Adresse.", Fr: "Ce n’est pas une adresse e-mail.", Es: "Eso no es una dirección de correo." }
    /// It is the same.
    same { En: "That is the address you have.", De: "Das ist Ihre bisherige Adresse.", Fr: "C’est l’adresse que vous avez déjà.", Es: "Esa es la dirección que ya tiene." }
    /// Too many letters.
    throttled(secs: u64) { En: "Too many letters. Try again in {secs} seconds.", De: "Zu viele E-Mails. Versuchen Sie es in {secs} Sekunden noch einmal.", Fr: "Trop d’e-mails. Réessayez dans {secs} secondes.", Es: "Demasiados correos. Vuelva a intentarlo en {secs} segundos." }
    /// Heading of the page behind the link.
    confirm_title { En: "Confirm your new address", De: "Neue Adresse bestätigen", Fr: "Confirmez votre nouvelle adresse", Es: "Confirme su dirección nueva" }
    /// What the button does.
    confirm_lead(email: &str) { En: "{email} becomes the address of your account, and what you sign in with.", De: "{email} wird die Adresse Ihres Kontos, mit der Sie sich auch anmelden.", Fr: "{email} devient l’adresse de votre compte et votre identifiant.", Es: "{email} será la dirección de su cuenta, con la que iniciará sesión." }
    /// The button.
    confirm_button { En: "Use this address", De: "Diese Adresse verwenden", Fr: "Utiliser cette adresse", Es: "Usar esta dirección" }
    /// Heading where a link cannot be used.
    over_title { En: "This link cannot be used", De: "Dieser Link ist nicht verwendbar", Fr: "Ce lien n’est pas utilisable", Es: "Este enlace no se puede usar" }
    /// Why.
    over_lead { En: "It was used, is too old, was replaced by a newer one, or is another account’s.", De: "Er wurde schon benutzt, ist zu alt, durch einen neueren ersetzt oder gehört zu einem anderen Konto.", Fr: "Il a déjà servi, est trop ancien, a été remplacé par un autre ou appartient à un autre compte.", Es: "Ya se usó, es demasiado antiguo, fue sustituido por otro o es de otra cuenta." }
    /// Heading of the page behind the link that takes an address back.
    undo_title { En: "Was this not you?", De: "Waren das nicht Sie?", Fr: "Ce n’était pas vous ?", Es: "¿No fue usted?" }
    /// What the button does.
    undo_lead(email: &str) { En: "{email} stays or becomes the address of your account again, and every sign-in ends, on all devices. Then choose a new password.", De: "{email} bleibt oder wird wieder die Adresse Ihres Kontos, und alle Anmeldungen enden, auf allen Geräten. Wählen Sie danach ein neues Passwort.", Fr: "{email} reste ou redevient l’adresse de votre compte, et toutes les connexions prennent fin, sur tous les appareils. Choisissez ensuite un nouveau mot de passe.", Es: "{email} seguirá siendo o volverá a ser la dirección de su cuenta, y se cerrarán todas las sesiones, en todos los dispositivos. Después elija una contraseña nueva." }
    /// The button.
    undo_button { En: "It was not me", De: "Das war nicht ich", Fr: "Ce n’était pas moi", Es: "No fui yo" }
    /// For whoever it was.
    undo_leave { En: "If it was you, close this page: nothing has happened.", De: "Wenn Sie es waren, schließen Sie diese Seite: Es ist nichts geschehen.", Fr: "Si c’était vous, fermez cette page : rien ne s’est passé.", Es: "Si fue usted, cierre esta página: no ha pasado nada." }
    /// The address is somebody else's by now.
    undo_taken { En: "This address belongs to another account by now. Ask your administrator.", De: "Diese Adresse gehört inzwischen zu einem anderen Konto. Fragen Sie Ihren Administrator.", Fr: "Cette adresse appartient désormais à un autre compte. Adressez-vous à votre administrateur.", Es: "Esta dirección pertenece ya a otra cuenta. Consulte a su administrador." }
}
