//! What error pages say.

use super::words;

words! {
    /// The words of error pages.
    pub struct Error;

    /// A title.
    cookies_needed { En: "Cookies are needed", De: "Cookies werden gebraucht", Fr: "Les cookies sont nécessaires", Es: "Se necesitan cookies" }
    /// What happened.
    no_cookie {
        En: "Your browser did not send the cookie that keeps this sign-in together, so nothing was done.",
        De: "Ihr Browser hat das Cookie nicht gesendet, das diese Anmeldung zusammenhält. Es wurde nichts getan.",
        Fr: "Votre navigateur n’a pas envoyé le cookie dont cette connexion a besoin\u{a0}; rien n’a été fait.",
        Es: "Su navegador no envió la cookie que mantiene unido este inicio de sesión, así que no se hizo nada.",
    }
    /// What to do.
    allow_cookies(host: &str) {
        En: "Allow cookies for {host} and start again.", De: "Erlauben Sie Cookies für {host}, und fangen Sie noch einmal an.",
        Fr: "Autorisez les cookies pour {host} et recommencez.", Es: "Permita las cookies de {host} y empiece de nuevo.",
    }
    /// A title.
    forgery { En: "This form could not be trusted", De: "Diesem Formular war nicht zu trauen", Fr: "Ce formulaire n’est pas fiable", Es: "No se pudo confiar en este formulario" }
    /// What happened.
    no_mark {
        En: "The form came without the mark this server gives its own pages, so nothing was done.",
        De: "Dem Formular fehlte das Kennzeichen, das dieser Server seinen eigenen Seiten gibt. Es wurde nichts getan.",
        Fr: "Le formulaire est arrivé sans la marque que ce serveur donne à ses propres pages\u{a0}; rien n’a été fait.",
        Es: "El formulario llegó sin la marca que este servidor da a sus propias páginas, así que no se hizo nada.",
    }
    /// What to do.
    start_over(host: &str) {
        En: "Go back to the app and start again. If it keeps happening, allow cookies for {host}.",
        De: "Gehen Sie zurück zur App, und fangen Sie noch einmal an. Wenn es wieder geschieht, erlauben Sie Cookies für {host}.",
        Fr: "Revenez à l’application et recommencez. Si cela se reproduit, autorisez les cookies pour {host}.",
        Es: "Vuelva a la aplicación y empiece de nuevo. Si sigue ocurriendo, permita las cookies de {host}.",
    }
    /// A title.
    internal { En: "Something went wrong", De: "Etwas ist schiefgegangen", Fr: "Une erreur s’est produite", Es: "Algo salió mal" }
    /// What happened and what to do.
    our_fault {
        En: "That is our fault, not yours. Try again in a minute.", De: "Das liegt an uns, nicht an Ihnen. Versuchen Sie es in einer Minute noch einmal.",
        Fr: "C’est notre faute, pas la vôtre. Réessayez dans une minute.", Es: "Es culpa nuestra, no suya. Inténtelo de nuevo en un minuto.",
    }
    /// A title.
    link_expired { En: "This link no longer works", De: "Dieser Link gilt nicht mehr", Fr: "Ce lien ne fonctionne plus", Es: "Este enlace ya no funciona" }
    /// What happened.
    link_used {
        En: "It was used already, it is too old, or it was damaged on the way. Such a link works once and for a short time.",
        De: "Er wurde schon benutzt, ist zu alt oder wurde unterwegs beschädigt. Ein solcher Link gilt einmal und nur kurze Zeit.",
        Fr: "Il a déjà été utilisé, il est trop ancien ou il a été abîmé en chemin. Un tel lien ne fonctionne qu’une fois et peu de temps.",
        Es: "Ya se usó, es demasiado antiguo o se dañó por el camino. Un enlace así funciona una sola vez y por poco tiempo.",
    }
    /// What to do, before a command.
    operator_makes { En: "The operator makes a new one with:", De: "So wird auf dem Server ein neuer erstellt:", Fr: "L’opérateur en crée un nouveau avec\u{a0}:", Es: "El operador crea uno nuevo con:" }
    /// A button.
    ask_another { En: "Ask for another one", De: "Einen neuen anfordern", Fr: "En demander un autre", Es: "Pedir otro" }
    /// A title.
    method_not_allowed { En: "Not like this", De: "So nicht", Fr: "Pas comme cela", Es: "Así no" }
    /// What happened.
    wrong_method {
        En: "This address does not take that kind of request.", De: "Diese Adresse nimmt solche Anfragen nicht an.",
        Fr: "Cette adresse n’accepte pas ce type de requête.", Es: "Esta dirección no acepta ese tipo de petición.",
    }
    /// A title.
    not_found { En: "Page not found", De: "Seite nicht gefunden", Fr: "Page introuvable", Es: "Página no encontrada" }
    /// What happened.
    nothing_here {
        En: "There is nothing at this address. Check it for typing mistakes.", De: "Unter dieser Adresse ist nichts. Prüfen Sie sie auf Tippfehler.",
        Fr: "Il n’y a rien à cette adresse. Vérifiez qu’elle ne contient pas d’erreur.", Es: "No hay nada en esta dirección. Compruebe que esté bien escrita.",
    }
    /// A title.
    page_expired { En: "This page was open too long", De: "Diese Seite war zu lange offen", Fr: "Cette page est restée ouverte trop longtemps", Es: "Esta página estuvo abierta demasiado tiempo" }
    /// Why.
    limited_time {
        En: "For your safety a sign-in must be finished within a limited time.", De: "Zu Ihrer Sicherheit muss eine Anmeldung innerhalb einer bestimmten Zeit abgeschlossen sein.",
        Fr: "Pour votre sécurité, une connexion doit être terminée dans un temps limité.", Es: "Por su seguridad, un inicio de sesión debe terminarse en un tiempo limitado.",
    }
    /// A title.
    protocol { En: "The app made a mistake", De: "Die App hat einen Fehler gemacht", Fr: "L’application a fait une erreur", Es: "La aplicación cometió un error" }
    /// What happened.
    not_your_fault {
        En: "The app sent a request this server cannot accept. You did nothing wrong; its developer has to fix it.",
        De: "Die App hat eine Anfrage gesendet, die dieser Server nicht annehmen kann. Sie haben nichts falsch gemacht; wer die App entwickelt, muss das beheben.",
        Fr: "L’application a envoyé une requête que ce serveur ne peut pas accepter. Vous n’avez rien fait de mal\u{a0}; c’est à son développeur de corriger cela.",
        Es: "La aplicación envió una petición que este servidor no puede aceptar. Usted no hizo nada mal; debe corregirlo quien la desarrolla.",
    }
    /// A label.
    error { En: "Error", De: "Fehler", Fr: "Erreur", Es: "Error" }
    /// A label.
    what_is_wrong { En: "What is wrong", De: "Was nicht stimmt", Fr: "Ce qui ne va pas", Es: "Qué está mal" }
    /// A title.
    redirect_uri { En: "The return address is not registered", De: "Die Rückadresse ist nicht registriert", Fr: "L’adresse de retour n’est pas enregistrée", Es: "La dirección de retorno no está registrada" }
    /// What happened.
    stopped_here(client: &str) {
        En: "{client} asked to send you to an address that is not registered for it, so we stopped here.",
        De: "{client} wollte Sie an eine Adresse schicken, die dafür nicht registriert ist. Deshalb haben wir hier angehalten.",
        Fr: "{client} a demandé à vous envoyer à une adresse qui n’est pas enregistrée pour elle\u{a0}; nous nous sommes donc arrêtés ici.",
        Es: "{client} pidió enviarle a una dirección que no tiene registrada, así que nos detuvimos aquí.",
    }
    /// A label, before a parameter's name.
    received { En: "Received", De: "Empfangen:", Fr: "Reçu\u{a0}:", Es: "Recibido:" }
    /// A label.
    registered { En: "Registered", De: "Registriert", Fr: "Enregistrées", Es: "Registradas" }
    /// Under it, where there is none.
    none_registered { En: "no address at all", De: "gar keine Adresse", Fr: "aucune adresse", Es: "ninguna dirección" }
    /// Under it, where there is one.
    one_other { En: "1, and it is not exactly the same", De: "1, und sie ist nicht genau gleich", Fr: "1, et elle n’est pas exactement la même", Es: "1, y no es exactamente igual" }
    /// Under it, where there are several.
    more_others(many: usize) {
        En: "{many}, and none is exactly the same", De: "{many}, und keine ist genau gleich", Fr: "{many}, et aucune n’est exactement la même", Es: "{many}, y ninguna es exactamente igual",
    }
    /// What to do, before a command.
    can_register { En: "Its developer can register the address:", De: "Wer die App entwickelt, kann die Adresse registrieren:", Fr: "Son développeur peut enregistrer l’adresse\u{a0}:", Es: "Quien la desarrolla puede registrar la dirección:" }
    /// To whoever wanted to sign out, before a button that does.
    still_signed_in {
        En: "Nothing has ended: you are still signed in.", De: "Es wurde nichts beendet: Sie sind noch angemeldet.",
        Fr: "Rien n’a pris fin\u{a0}: vous êtes toujours connecté.", Es: "No se ha cerrado nada: su sesión sigue abierta.",
    }
    /// A title.
    set_up_already { En: "Already set up", De: "Schon eingerichtet", Fr: "Déjà configuré", Es: "Ya está configurado" }
    /// What happened.
    administrator_exists {
        En: "An administrator exists, so this link does nothing any more.", De: "Es gibt schon ein Administratorkonto, deshalb bewirkt dieser Link nichts mehr.",
        Fr: "Un administrateur existe, ce lien n’a donc plus d’effet.", Es: "Ya existe un administrador, así que este enlace ya no hace nada.",
    }
    /// A title.
    sign_up_closed { En: "Accounts are not made here", De: "Hier werden keine Konten erstellt", Fr: "On ne crée pas de compte ici", Es: "Aquí no se crean cuentas" }
    /// What to do.
    ask_for_invitation(host: &str) {
        En: "Nobody makes an account here by themselves. If you should have one, ask whoever runs {host} for an invitation.",
        De: "Hier erstellt niemand selbst ein Konto. Wenn Sie eines haben sollten, bitten Sie die Betreiber von {host} um eine Einladung.",
        Fr: "Personne ne crée ici de compte par soi-même. Si vous devriez en avoir un, demandez une invitation à qui exploite {host}.",
        Es: "Aquí nadie crea una cuenta por sí mismo. Si debería tener una, pida una invitación a quien administra {host}.",
    }
    /// What happened and what to do.
    sign_up_over {
        En: "It was used already, it is too old, or it was damaged on the way. If you have used it, your account is there: sign in. If not, begin again where you wanted the account.",
        De: "Er wurde schon benutzt, ist zu alt oder wurde unterwegs beschädigt. Wenn Sie ihn benutzt haben, gibt es Ihr Konto: Melden Sie sich an. Wenn nicht, fangen Sie dort noch einmal an, wo Sie das Konto wollten.",
        Fr: "Il a déjà été utilisé, il est trop ancien ou il a été abîmé en chemin. Si vous l’avez utilisé, votre compte existe\u{a0}: connectez-vous. Sinon, recommencez là où vous vouliez le compte.",
        Es: "Ya se usó, es demasiado antiguo o se dañó por el camino. Si lo usó, su cuenta existe: inicie sesión. Si no, empiece de nuevo donde quería la cuenta.",
    }
    /// What happened and what to do.
    invitation_over {
        En: "It was used already, it is too old, or it was damaged on the way. If you have used it, your account is there: sign in.",
        De: "Er wurde schon benutzt, ist zu alt oder wurde unterwegs beschädigt. Wenn Sie ihn benutzt haben, gibt es Ihr Konto: Melden Sie sich an.",
        Fr: "Il a déjà été utilisé, il est trop ancien ou il a été abîmé en chemin. Si vous l’avez utilisé, votre compte existe\u{a0}: connectez-vous.",
        Es: "Ya se usó, es demasiado antiguo o se dañó por el camino. Si lo usó, su cuenta existe: inicie sesión.",
    }
    /// A title.
    too_many { En: "Too many attempts", De: "Zu viele Versuche", Fr: "Trop de tentatives", Es: "Demasiados intentos" }
    /// What happened and what to do.
    too_many_from_you(time: &str) {
        En: "Too many attempts came from your account or your network. Try again in {time}.",
        De: "Von Ihrem Konto oder aus Ihrem Netz kamen zu viele Versuche. Versuchen Sie es in {time} noch einmal.",
        Fr: "Trop de tentatives sont venues de votre compte ou de votre réseau. Réessayez dans {time}.",
        Es: "Llegaron demasiados intentos desde su cuenta o su red. Inténtelo de nuevo en {time}.",
    }
    /// A title.
    unavailable { En: "Busy at the moment", De: "Gerade ausgelastet", Fr: "Occupé en ce moment", Es: "Ocupado en este momento" }
    /// What happened and what to do.
    too_much_to_do {
        En: "The server has more to do than it can take on. Try again in a few seconds.", De: "Der Server hat mehr zu tun, als er annehmen kann. Versuchen Sie es in einigen Sekunden noch einmal.",
        Fr: "Le serveur a plus à faire qu’il ne peut accepter. Réessayez dans quelques secondes.", Es: "El servidor tiene más trabajo del que puede aceptar. Inténtelo de nuevo en unos segundos.",
    }
    /// A title.
    unknown_client { En: "Unknown app", De: "Unbekannte App", Fr: "Application inconnue", Es: "Aplicación desconocida" }
    /// What happened.
    not_registered(host: &str) {
        En: "The app that sent you here is not registered at {host}.", De: "Die App, die Sie hierher geschickt hat, ist bei {host} nicht registriert.",
        Fr: "L’application qui vous a envoyé ici n’est pas enregistrée sur {host}.", Es: "La aplicación que le envió aquí no está registrada en {host}.",
    }
    /// A button.
    start_again_at(name: &str) { En: "Start again at {name}", De: "Noch einmal bei {name} anfangen", Fr: "Recommencer chez {name}", Es: "Empezar de nuevo en {name}" }
    /// Before the request's id.
    request { En: "Request", De: "Anfrage", Fr: "Requête", Es: "Petición" }
}

impl Error {
    /// How many addresses are registered, none of which was meant.
    pub fn none_the_same(self, many: usize) -> String {
        match many {
            0 => self.none_registered().to_owned(),
            1 => self.one_other().to_owned(),
            _ => self.more_others(many),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn none_one_and_several_addresses_are_told_apart() {
        for language in Language::ALL {
            let [none, one, two] = [0, 1, 2].map(|many| Error::of(language).none_the_same(many));
            assert!(!none.contains('0') && one.starts_with("1,") && two.starts_with("2,"), "{none} {one} {two}");
            assert_ne!(one[1..], two[1..]);
        }
    }
}
