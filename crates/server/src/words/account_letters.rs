//! The letters that tell of changes to an account.

use super::words;

words! {
    /// The words of these letters.
    pub struct AccountLetters;

    /// Subject of the letter that proves an address.
    proof_subject { En: "Confirm your new address", De: "Bestätigen Sie Ihre neue Adresse", Fr: "Confirmez votre nouvelle adresse", Es: "Confirme su dirección nueva" }
    /// What it is about.
    proof_lead(host: &str) { En: "Somebody, most likely you, wants this to be the address of their account at {host}.", De: "Jemand, wahrscheinlich Sie, möchte diese Adresse für das eigene Konto bei {host} verwenden.", Fr: "Quelqu’un, sans doute vous, souhaite que cette adresse soit celle de son compte sur {host}.", Es: "Alguien, probablemente usted, quiere que esta sea la dirección de su cuenta en {host}." }
    /// The link.
    proof_action { En: "Use this address", De: "Diese Adresse verwenden", Fr: "Utiliser cette adresse", Es: "Usar esta dirección" }
    /// How it works.
    proof_after(minutes: u64) { En: "The link works once, for {minutes} minutes, where you are signed in to that account.", De: "Der Link gilt einmal, {minutes} Minuten lang, dort, wo Sie mit diesem Konto angemeldet sind.", Fr: "Le lien fonctionne une seule fois, pendant {minutes} minutes, là où vous êtes connecté à ce compte.", Es: "El enlace vale una vez, durante {minutes} minutos, donde tenga la sesión abierta con esa cuenta." }
    /// For strangers.
    proof_else { En: "If it was not you, you need not do anything: nothing changes.", De: "Wenn Sie es nicht waren, müssen Sie nichts tun: Es ändert sich nichts.", Fr: "Si ce n’était pas vous, vous n’avez rien à faire : rien ne change.", Es: "Si no fue usted, no tiene que hacer nada: nada cambia." }

    /// Subject of the letter that proves the address an account has.
    own_proof_subject { En: "Confirm your address", De: "Bestätigen Sie Ihre Adresse", Fr: "Confirmez votre adresse", Es: "Confirme su dirección" }
    /// What it is about.
    own_proof_lead(host: &str) { En: "Somebody, most likely you, wants to show that this address, which their account at {host} has, is theirs.", De: "Jemand, wahrscheinlich Sie, möchte zeigen, dass diese Adresse des eigenen Kontos bei {host} die richtige ist.", Fr: "Quelqu’un, sans doute vous, souhaite montrer que cette adresse de son compte sur {host} est bien la sienne.", Es: "Alguien, probablemente usted, quiere demostrar que esta dirección de su cuenta en {host} es suya." }
    /// The link.
    own_proof_action { En: "Confirm this address", De: "Diese Adresse bestätigen", Fr: "Confirmer cette adresse", Es: "Confirmar esta dirección" }

    /// Subject of the letter to whoever has the address already.
    taken_subject { En: "Your address was asked for", De: "Ihre Adresse wurde gewünscht", Fr: "Votre adresse a été demandée", Es: "Se ha solicitado su dirección" }
    /// What it is about.
    taken_lead(host: &str) { En: "Somebody wanted to give this address to another account at {host}. It is yours, so nothing has changed.", De: "Jemand wollte diese Adresse bei {host} für ein anderes Konto verwenden. Sie gehört Ihnen, also hat sich nichts geändert.", Fr: "Quelqu’un a voulu attribuer cette adresse à un autre compte sur {host}. Elle est à vous : rien n’a changé.", Es: "Alguien quiso asignar esta dirección a otra cuenta en {host}. Es suya, así que nada ha cambiado." }
    /// What it may be.
    taken_after { En: "If it was you: you have two accounts, and this address signs you in to this one.", De: "Wenn Sie es waren: Sie haben zwei Konten, und mit dieser Adresse melden Sie sich bei diesem an.", Fr: "Si c’était vous : vous avez deux comptes, et cette adresse est celle du présent compte.", Es: "Si fue usted: tiene dos cuentas, y con esta dirección inicia sesión en esta." }

    /// Subject of the letter to the present address.
    asked_subject { En: "Another address was asked for", De: "Eine andere Adresse wurde gewünscht", Fr: "Une autre adresse a été demandée", Es: "Se ha solicitado otra dirección" }
    /// What it is about.
    asked_lead(to: &str, host: &str, new: &str) { En: "Somebody who is signed in as {to} at {host} wants {new} to be the address of this account. Nothing has changed yet.", De: "Jemand, der bei {host} als {to} angemeldet ist, möchte {new} als Adresse dieses Kontos. Noch hat sich nichts geändert.", Fr: "Quelqu’un, connecté sur {host} en tant que {to}, souhaite que {new} soit l’adresse de ce compte. Rien n’a encore changé.", Es: "Alguien con la sesión abierta como {to} en {host} quiere que {new} sea la dirección de esta cuenta. Todavía no ha cambiado nada." }
    /// Subject once it is done.
    changed_subject { En: "Your address was changed", De: "Ihre Adresse wurde geändert", Fr: "Votre adresse a été modifiée", Es: "Su dirección ha cambiado" }
    /// What it is about, at both addresses.
    changed_lead(host: &str, old: &str, new: &str) { En: "Your account at {host} has the address {new} now, in place of {old}.", De: "Ihr Konto bei {host} hat jetzt die Adresse {new} statt {old}.", Fr: "Votre compte sur {host} a désormais l’adresse {new} au lieu de {old}.", Es: "Su cuenta en {host} tiene ahora la dirección {new} en lugar de {old}." }
    /// What it is about, at an address that nobody had proven.
    left_lead(old: &str, host: &str) { En: "{old} is no longer the address of an account at {host}. The account has another one.", De: "{old} ist nicht mehr die Adresse eines Kontos bei {host}. Das Konto hat eine andere.", Fr: "{old} n’est plus l’adresse d’un compte sur {host}. Le compte en a une autre.", Es: "{old} ya no es la dirección de una cuenta en {host}. La cuenta tiene otra." }
    /// What to do.
    left_after { En: "If the account is yours and you did not do this, tell whoever runs the service.", De: "Wenn das Konto Ihres ist und Sie das nicht waren, benachrichtigen Sie den Betreiber.", Fr: "Si le compte est le vôtre et que ce n’était pas vous, avertissez l’exploitant du service.", Es: "Si la cuenta es suya y no fue usted, avise a quien presta el servicio." }
    /// Subject once it was taken back.
    undone_subject { En: "Your address is as it was", De: "Ihre Adresse ist wieder wie zuvor", Fr: "Votre adresse est rétablie", Es: "Su dirección vuelve a ser la de antes" }
    /// What it is about.
    undone_lead(host: &str, email: &str) { En: "{email} is the address of your account at {host}. Every sign-in has ended, on all devices.", De: "{email} ist die Adresse Ihres Kontos bei {host}. Alle Anmeldungen sind beendet, auf allen Geräten.", Fr: "{email} est l’adresse de votre compte sur {host}. Toutes les connexions ont pris fin, sur tous les appareils.", Es: "{email} es la dirección de su cuenta en {host}. Se han cerrado todas las sesiones, en todos los dispositivos." }
    /// The link for whoever it was not.
    not_me { En: "This was not me", De: "Das war nicht ich", Fr: "Ce n’était pas moi", Es: "No fui yo" }
    /// What that link does.
    not_me_after(days: u64) { En: "The link works once, for {days} days. It keeps your address and ends every sign-in.", De: "Der Link gilt einmal, {days} Tage lang. Er behält Ihre Adresse und beendet alle Anmeldungen.", Fr: "Le lien fonctionne une seule fois, pendant {days} jours. Il conserve votre adresse et met fin à toutes les connexions.", Es: "El enlace vale una vez, durante {days} días. Conserva su dirección y cierra todas las sesiones." }
    /// The way to a new password.
    new_password { En: "Choose a new password", De: "Ein neues Passwort wählen", Fr: "Choisir un nouveau mot de passe", Es: "Elegir una contraseña nueva" }
    /// For whoever it was.
    was_me { En: "If it was you, there is nothing to do.", De: "Wenn Sie es waren, ist nichts zu tun.", Fr: "Si c’était vous, il n’y a rien à faire.", Es: "Si fue usted, no hay nada que hacer." }

    /// Subject of the last letter.
    deleted_subject { En: "Your account was deleted", De: "Ihr Konto wurde gelöscht", Fr: "Votre compte a été supprimé", Es: "Su cuenta ha sido eliminada" }
    /// What it is about.
    deleted_lead(to: &str, host: &str) { En: "The account {to} at {host} was deleted by somebody who was signed in to it. Every sign-in has ended.", De: "Das Konto {to} bei {host} wurde von jemandem gelöscht, der damit angemeldet war. Alle Anmeldungen sind beendet.", Fr: "Le compte {to} sur {host} a été supprimé par quelqu’un qui y était connecté. Toutes les connexions ont pris fin.", Es: "La cuenta {to} en {host} fue eliminada por alguien que tenía la sesión abierta. Se han cerrado todas las sesiones." }
    /// What remains.
    deleted_after { En: "If it was not you, tell whoever runs the service: the account itself cannot be brought back.", De: "Wenn Sie es nicht waren, benachrichtigen Sie den Betreiber: Das Konto selbst lässt sich nicht zurückholen.", Fr: "Si ce n’était pas vous, avertissez l’exploitant du service : le compte lui-même ne peut pas être rétabli.", Es: "Si no fue usted, avise a quien presta el servicio: la cuenta en sí no se puede recuperar." }
}
