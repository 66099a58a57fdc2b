//! Codes by mail: what the pages say on which people ask for one and type it, and what the letters say.

use super::words;

words! {
    /// The words about codes by mail.
    pub struct EmailCode;

    /// The way there from the sign-in page.
    offer { En: "Sign in with a code by mail", De: "Mit einem Code per E-Mail anmelden", Fr: "Se connecter avec un code reçu par e-mail", Es: "Iniciar sesión con un código por correo" }
    /// A title.
    title { En: "Sign in by mail", De: "Per E-Mail anmelden", Fr: "Se connecter par e-mail", Es: "Iniciar sesión por correo" }
    /// How it goes.
    lead(time: &str) {
        En: "We mail you a code that signs you in. It works for {time}, in this browser only.",
        De: "Wir senden Ihnen einen Code, mit dem Sie sich anmelden. Er gilt {time} lang, nur in diesem Browser.",
        Fr: "Nous vous envoyons un code de connexion. Il fonctionne pendant {time}, dans ce navigateur uniquement.",
        Es: "Le enviamos un código para iniciar sesión. Funciona durante {time}, solo en este navegador.",
    }
    /// A button.
    send { En: "Mail me a code", De: "Code senden", Fr: "M’envoyer un code", Es: "Enviarme un código" }
    /// A link.
    other_way { En: "Sign in another way", De: "Anders anmelden", Fr: "Se connecter autrement", Es: "Iniciar sesión de otra forma" }
    /// The same for everybody.
    on_its_way(time: &str) {
        En: "If an account uses that address or name, a code is on its way. It works for {time}.",
        De: "Wenn ein Konto diese Adresse oder diesen Namen hat, ist ein Code unterwegs. Er gilt {time} lang.",
        Fr: "Si un compte utilise cette adresse ou ce nom, un code est en route. Il fonctionne pendant {time}.",
        Es: "Si una cuenta usa esa dirección o ese nombre, hay un código en camino. Funciona durante {time}.",
    }
    /// A label.
    eight_digits { En: "Code of eight digits", De: "Achtstelliger Code", Fr: "Code à huit chiffres", Es: "Código de ocho dígitos" }
    /// Another was sent.
    sent_again {
        En: "If an account uses that address or name, another code is on its way.", De: "Wenn ein Konto diese Adresse oder diesen Namen hat, ist ein anderer Code unterwegs.",
        Fr: "Si un compte utilise cette adresse ou ce nom, un autre code est en route.", Es: "Si una cuenta usa esa dirección o ese nombre, hay otro código en camino.",
    }
    /// It is not the code, or no more.
    wrong {
        En: "That is not the code we sent last, or its time is over. Look at the newest letter.",
        De: "Das ist nicht der Code, den wir zuletzt gesendet haben, oder seine Zeit ist vorbei. Sehen Sie in die neueste E-Mail.",
        Fr: "Ce n’est pas le dernier code que nous avons envoyé, ou il a expiré. Regardez le message le plus récent.",
        Es: "Ese no es el último código que enviamos, o ha caducado. Mire el mensaje más reciente.",
    }

    /// A title.
    sign_in_here { En: "Sign in here?", De: "Hier anmelden?", Fr: "Vous connecter ici\u{a0}?", Es: "¿Iniciar sesión aquí?" }
    /// Why it is asked.
    asked_here(host: &str) {
        En: "A sign-in at {host} waits in this browser.", De: "In diesem Browser wartet eine Anmeldung bei {host}.",
        Fr: "Une connexion à {host} attend dans ce navigateur.", Es: "Hay un inicio de sesión en {host} pendiente en este navegador.",
    }
    /// A title.
    type_it_there { En: "Type this code where you began", De: "Geben Sie diesen Code dort ein, wo Sie begonnen haben", Fr: "Saisissez ce code là où vous avez commencé", Es: "Escriba este código donde empezó" }
    /// Why nobody is signed in.
    elsewhere {
        En: "The sign-in began in another browser, so this one stays signed out.", De: "Die Anmeldung hat in einem anderen Browser begonnen, darum wird hier niemand angemeldet.",
        Fr: "La connexion a commencé dans un autre navigateur\u{a0}: personne n’est connecté ici.", Es: "El inicio de sesión empezó en otro navegador, así que aquí no se inicia.",
    }
    /// A warning.
    keep_to_yourself {
        En: "Give the code to nobody, whoever asks for it.", De: "Geben Sie den Code niemandem, wer auch immer danach fragt.",
        Fr: "Ne donnez le code à personne, quelle que soit la demande.", Es: "No dé el código a nadie, lo pida quien lo pida.",
    }
    /// A title.
    link_over { En: "This link does not work any more", De: "Dieser Link gilt nicht mehr", Fr: "Ce lien ne fonctionne plus", Es: "Este enlace ya no funciona" }
    /// Why.
    begin_again {
        En: "It was used already, it is too old, or it was damaged on the way. Begin again where you wanted to sign in.",
        De: "Er wurde schon benutzt, ist zu alt oder kam beschädigt an. Beginnen Sie dort noch einmal, wo Sie sich anmelden wollten.",
        Fr: "Il a déjà servi, il est trop ancien ou il a été abîmé en route. Recommencez là où vous vouliez vous connecter.",
        Es: "Ya se usó, es demasiado antiguo o se dañó por el camino. Empiece de nuevo donde quería iniciar sesión.",
    }

    /// What to do at a second step.
    step_lead(account: &str) {
        En: "Enter the code that we mailed to the address of {account}.", De: "Geben Sie den Code ein, den wir an die Adresse von {account} gesendet haben.",
        Fr: "Saisissez le code envoyé à l’adresse de {account}.", Es: "Escriba el código que enviamos a la dirección de {account}.",
    }
    /// The same before there is one.
    step_offer(account: &str) {
        En: "We mail a code to the address of {account}.", De: "Wir senden einen Code an die Adresse von {account}.",
        Fr: "Nous envoyons un code à l’adresse de {account}.", Es: "Enviamos un código a la dirección de {account}.",
    }
    /// Another way.
    step_way { En: "Have a code mailed", De: "Code per E-Mail senden lassen", Fr: "Recevoir un code par e-mail", Es: "Recibir un código por correo" }
    /// Why it is not there.
    withheld(time: &str) {
        En: "After a new password by link no code is mailed for {time}, so that a mailbox alone is not enough.",
        De: "Nach einem neuen Passwort per Link wird {time} lang kein Code gesendet, damit ein Postfach allein nicht genügt.",
        Fr: "Après un nouveau mot de passe par lien, aucun code n’est envoyé pendant {time}, pour qu’une messagerie seule ne suffise pas.",
        Es: "Tras una contraseña nueva por enlace no se envía ningún código durante {time}, para que un buzón por sí solo no baste.",
    }

    /// A subject; the code first, so that it can be read in a list.
    subject(code: &str) { En: "{code} is your sign-in code", De: "{code} ist Ihr Anmeldecode", Fr: "{code} est votre code de connexion", Es: "{code} es su código de inicio de sesión" }
    /// What to do with the code.
    enter_code(host: &str) {
        En: "Enter this code to sign in at {host}:", De: "Geben Sie diesen Code ein, um sich bei {host} anzumelden:",
        Fr: "Saisissez ce code pour vous connecter à {host}\u{a0}:", Es: "Escriba este código para iniciar sesión en {host}:",
    }
    /// A button.
    or_this_link { En: "Or use this link, in the same browser", De: "Oder dieser Link, im selben Browser", Fr: "Ou ce lien, dans le même navigateur", Es: "O este enlace, en el mismo navegador" }
    /// How long, and a warning.
    works_once(time: &str) {
        En: "It works once, for {time}. Give the code to nobody, whoever asks for it.", De: "Er gilt einmal und {time} lang. Geben Sie den Code niemandem, wer auch immer danach fragt.",
        Fr: "Il fonctionne une fois, pendant {time}. Ne donnez le code à personne, quelle que soit la demande.", Es: "Funciona una vez, durante {time}. No dé el código a nadie, lo pida quien lo pida.",
    }
    /// Nothing to do.
    did_not_ask {
        En: "If you did not ask for it, you need not do anything: nobody is signed in without the code.",
        De: "Wenn Sie ihn nicht angefordert haben, müssen Sie nichts tun: Ohne den Code wird niemand angemeldet.",
        Fr: "Si vous ne l’avez pas demandé, vous n’avez rien à faire\u{a0}: sans le code, personne n’est connecté.",
        Es: "Si no lo pidió, no tiene que hacer nada: sin el código nadie inicia sesión.",
    }
    /// Much to do.
    knows_password {
        En: "If you did not ask for it, somebody knows your password: choose another one.", De: "Wenn Sie ihn nicht angefordert haben, kennt jemand Ihr Passwort: Wählen Sie ein anderes.",
        Fr: "Si vous ne l’avez pas demandé, quelqu’un connaît votre mot de passe\u{a0}: choisissez-en un autre.", Es: "Si no lo pidió, alguien conoce su contraseña: elija otra.",
    }
}
