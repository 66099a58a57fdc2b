//! What letters say.

use super::words;

words! {
    /// The words of letters.
    pub struct Letter;

    /// A subject and a button.
    new_password { En: "Choose a new password", De: "Neues Passwort wählen", Fr: "Choisissez un nouveau mot de passe", Es: "Elija una nueva contraseña" }
    /// Who forgot it.
    forgotten(to: &str, host: &str) {
        En: "Somebody, most likely you, has forgotten the password of {to} at {host}.",
        De: "Jemand, wahrscheinlich Sie, hat das Passwort von {to} bei {host} vergessen.",
        Fr: "Quelqu’un, probablement vous, a oublié le mot de passe de {to} sur {host}.",
        Es: "Alguien, probablemente usted, ha olvidado la contraseña de {to} en {host}.",
    }
    /// Where it was asked for.
    asked_at(client: &str) {
        En: "It was asked for on the sign-in page of {client}.", De: "Angefordert wurde der Link auf der Anmeldeseite von {client}.",
        Fr: "La demande vient de la page de connexion de {client}.", Es: "Se pidió en la página de inicio de sesión de {client}.",
    }
    /// How long a link works.
    works_once(time: &str) {
        En: "The link works once, for {time}.", De: "Der Link gilt einmal und {time} lang.",
        Fr: "Le lien fonctionne une fois, pendant {time}.", Es: "El enlace funciona una vez, durante {time}.",
    }
    /// Nothing to do.
    password_stays {
        En: "If it was not you, you need not do anything: your password stays as it is.",
        De: "Wenn Sie es nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.",
        Fr: "Si ce n’était pas vous, vous n’avez rien à faire\u{a0}: votre mot de passe reste tel quel.",
        Es: "Si no fue usted, no tiene que hacer nada: su contraseña sigue como está.",
    }
    /// A subject.
    account_shut { En: "Your account is shut: choose a new password", De: "Ihr Konto ist gesperrt: Wählen Sie ein neues Passwort", Fr: "Votre compte est verrouillé\u{a0}: nouveau mot de passe", Es: "Su cuenta está bloqueada: elija una contraseña" }
    /// What happened, and by whom.
    everybody_is_out(to: &str, host: &str) {
        En: "You, or somebody who had a letter of ours, said that it was not you. Every sign-in of {to} at {host} has ended, and the old password no longer works.",
        De: "Sie, oder jemand, der eine unserer E-Mails hatte, haben gemeldet, dass Sie es nicht waren. Jede Anmeldung von {to} bei {host} ist beendet, und das alte Passwort gilt nicht mehr.",
        Fr: "Vous, ou quelqu’un qui avait un de nos e-mails, avez signalé que ce n’était pas vous. Toutes les connexions de {to} sur {host} ont pris fin, et l’ancien mot de passe ne fonctionne plus.",
        Es: "Usted, o alguien que tenía un correo nuestro, indicó que no fue usted. Todas las sesiones de {to} en {host} se han cerrado, y la contraseña anterior ya no funciona.",
    }
    /// What holds until then.
    shut_stays_shut {
        En: "Until you have chosen a new password, nobody can sign in to the account. A newer link is to be had where you sign in, by “Forgot your password?”.",
        De: "Bis Sie ein neues Passwort gewählt haben, kann sich niemand bei dem Konto anmelden. Einen neueren Link gibt es bei der Anmeldung, unter „Passwort vergessen?“.",
        Fr: "Tant que vous n’avez pas choisi de nouveau mot de passe, personne ne peut se connecter au compte. Un lien plus récent s’obtient là où vous vous connectez, par «\u{a0}Mot de passe oublié\u{a0}?\u{a0}».",
        Es: "Hasta que elija una contraseña nueva, nadie puede iniciar sesión en la cuenta. Puede pedir otro enlace donde inicia sesión, en «¿Olvidó su contraseña?».",
    }
    /// A subject.
    password_changed { En: "Your password was changed", De: "Ihr Passwort wurde geändert", Fr: "Votre mot de passe a été modifié", Es: "Se ha cambiado su contraseña" }
    /// What that means.
    has_new_password(to: &str, host: &str) {
        En: "{to} has a new password at {host}. Every other sign-in has ended, on all devices.",
        De: "{to} hat bei {host} ein neues Passwort. Alle anderen Anmeldungen sind beendet, auf allen Geräten.",
        Fr: "{to} a un nouveau mot de passe sur {host}. Toutes les autres connexions ont pris fin, sur tous les appareils.",
        Es: "{to} tiene una nueva contraseña en {host}. Se han cerrado todas las demás sesiones, en todos los dispositivos.",
    }
    /// Nothing to do.
    if_you { En: "If it was you, there is nothing to do.", De: "Wenn Sie es waren, ist nichts zu tun.", Fr: "Si c’était vous, il n’y a rien à faire.", Es: "Si fue usted, no hay nada que hacer." }
    /// A subject.
    second_step_failed { En: "Your password was used, and the second step failed", De: "Passwort benutzt, zweiter Schritt misslungen", Fr: "Mot de passe utilisé, deuxième étape échouée", Es: "Se usó su contraseña y falló el segundo paso" }
    /// What was tried.
    could_not_show(to: &str, host: &str) {
        En: "Somebody has signed in as {to} at {host} with the right password, from a browser that we do not know, and could not show what is asked for beside it. Nobody got in.",
        De: "Jemand hat sich als {to} bei {host} mit dem richtigen Passwort angemeldet, in einem Browser, den wir nicht kennen, und konnte nicht vorweisen, was außerdem verlangt wird. Niemand kam hinein.",
        Fr: "Quelqu’un a saisi le bon mot de passe de {to} sur {host}, depuis un navigateur que nous ne connaissons pas, et n’a pas pu présenter ce qui est demandé en plus. Personne n’est entré.",
        Es: "Alguien ha introducido la contraseña correcta de {to} en {host}, desde un navegador que no conocemos, y no pudo presentar lo que se pide además. Nadie ha entrado.",
    }
    /// What to do.
    choose_another {
        En: "If it was not, somebody knows your password: choose another one.",
        De: "Wenn nicht, kennt jemand Ihr Passwort: Wählen Sie ein anderes.",
        Fr: "Sinon, quelqu’un connaît votre mot de passe\u{a0}: choisissez-en un autre.",
        Es: "Si no, alguien conoce su contraseña: elija otra.",
    }
    /// Much to do.
    secure_mailbox {
        En: "If it was not, somebody may be reading your mail. Secure your mailbox first, then follow the link: it ends every sign-in again and leads to another password.",
        De: "Wenn nicht, liest vielleicht jemand Ihre E-Mails mit. Sichern Sie zuerst Ihr Postfach, und folgen Sie dann dem Link: Er beendet noch einmal jede Anmeldung und führt zu einem anderen Passwort.",
        Fr: "Sinon, quelqu’un lit peut-être vos e-mails. Sécurisez d’abord votre messagerie, puis suivez le lien\u{a0}: il met de nouveau fin à toutes les connexions et mène à un autre mot de passe.",
        Es: "Si no, puede que alguien esté leyendo su correo. Proteja primero su buzón y siga después el enlace: vuelve a cerrar todas las sesiones y lleva a otra contraseña.",
    }
    /// A button.
    not_me { En: "This wasn’t me", De: "Das war ich nicht", Fr: "Ce n’était pas moi", Es: "No fui yo" }
    /// A button.
    another_password { En: "Choose another password", De: "Anderes Passwort wählen", Fr: "Choisir un autre mot de passe", Es: "Elegir otra contraseña" }
    /// A subject.
    passkey_added { En: "A passkey was added", De: "Ein Passkey wurde hinzugefügt", Fr: "Une clé d’accès a été ajoutée", Es: "Se ha añadido una clave de acceso" }
    /// What that means.
    one_more_passkey(to: &str, host: &str) {
        En: "{to} has one more passkey at {host}, which signs in without a password.",
        De: "{to} hat bei {host} einen weiteren Passkey, mit dem man sich ohne Passwort anmeldet.",
        Fr: "{to} a une clé d’accès de plus sur {host}, qui permet de se connecter sans mot de passe.",
        Es: "{to} tiene una clave de acceso más en {host}, con la que se inicia sesión sin contraseña.",
    }
    /// A subject.
    recovery_used { En: "A recovery code was used", De: "Ein Wiederherstellungscode wurde verwendet", Fr: "Un code de secours a été utilisé", Es: "Se ha usado un código de recuperación" }
    /// What that means.
    signed_in_with_recovery(to: &str, host: &str) {
        En: "Somebody has signed in as {to} at {host} with one of your recovery codes.",
        De: "Jemand hat sich als {to} bei {host} mit einem Ihrer Wiederherstellungscodes angemeldet.",
        Fr: "Quelqu’un s’est connecté en tant que {to} sur {host} avec l’un de vos codes de secours.",
        Es: "Alguien ha iniciado sesión como {to} en {host} con uno de sus códigos de recuperación.",
    }
    /// A subject.
    codes_made { En: "You have new recovery codes", De: "Sie haben neue Wiederherstellungscodes", Fr: "Vous avez de nouveaux codes de secours", Es: "Tiene nuevos códigos de recuperación" }
    /// What that means.
    has_new_codes(to: &str, host: &str) {
        En: "{to} has new recovery codes at {host}. The old ones work no longer.",
        De: "{to} hat bei {host} neue Wiederherstellungscodes. Die alten gelten nicht mehr.",
        Fr: "{to} a de nouveaux codes de secours sur {host}. Les anciens ne fonctionnent plus.",
        Es: "{to} tiene nuevos códigos de recuperación en {host}. Los anteriores ya no funcionan.",
    }
    /// A subject.
    factor_removed { En: "A way to sign in was removed", De: "Eine Anmeldemöglichkeit wurde entfernt", Fr: "Un moyen de connexion a été supprimé", Es: "Se ha eliminado una forma de iniciar sesión" }
    /// What that means.
    one_less(to: &str, host: &str) {
        En: "{to} has one passkey or app less at {host}. Every other sign-in has ended, on all devices.",
        De: "{to} hat bei {host} einen Passkey oder eine App weniger. Alle anderen Anmeldungen sind beendet, auf allen Geräten.",
        Fr: "{to} a une clé d’accès ou une application de moins sur {host}. Toutes les autres connexions ont pris fin, sur tous les appareils.",
        Es: "{to} tiene una clave de acceso o una aplicación menos en {host}. Se han cerrado todas las demás sesiones, en todos los dispositivos.",
    }
    /// A subject.
    totp_added {
        En: "An authenticator app was set up", De: "Eine Authenticator-App wurde eingerichtet",
        Fr: "Une application d’authentification a été configurée", Es: "Se ha configurado una aplicación de autenticación",
    }
    /// What that means.
    is_asked_for_code(to: &str, host: &str) {
        En: "{to} is asked for a code of an authenticator app at {host}.",
        De: "{to} wird bei {host} nach einem Code einer Authenticator-App gefragt.",
        Fr: "Un code d’une application d’authentification est demandé à {to} sur {host}.",
        Es: "A {to} se le pide un código de una aplicación de autenticación en {host}.",
    }
    /// A subject.
    totp_replaced {
        En: "Another authenticator app was set up", De: "Eine andere Authenticator-App wurde eingerichtet",
        Fr: "Une autre application d’authentification a été configurée", Es: "Se ha configurado otra aplicación de autenticación",
    }
    /// What that means.
    has_another_app(to: &str, host: &str) {
        En: "{to} has another authenticator app at {host}. Every other sign-in has ended, on all devices.",
        De: "{to} hat bei {host} eine andere Authenticator-App. Alle anderen Anmeldungen sind beendet, auf allen Geräten.",
        Fr: "{to} a une autre application d’authentification sur {host}. Toutes les autres connexions ont pris fin, sur tous les appareils.",
        Es: "{to} tiene otra aplicación de autenticación en {host}. Se han cerrado todas las demás sesiones, en todos los dispositivos.",
    }
    /// Much to do.
    shut_at_once {
        En: "If it was not, somebody else is in your account: use the link at once. It ends every sign-in, on all devices, and leads to another password.",
        De: "Wenn nicht, ist jemand anders in Ihrem Konto: Folgen Sie sofort dem Link. Er beendet jede Anmeldung auf allen Geräten und führt zu einem anderen Passwort.",
        Fr: "Sinon, quelqu’un d’autre est dans votre compte\u{a0}: utilisez le lien tout de suite. Il met fin à toutes les connexions, sur tous les appareils, et mène à un autre mot de passe.",
        Es: "Si no, otra persona está en su cuenta: use el enlace enseguida. Cierra todas las sesiones, en todos los dispositivos, y lleva a otra contraseña.",
    }
    /// A button.
    see_security { En: "See how you sign in", De: "Ansehen, wie Sie sich anmelden", Fr: "Voir vos moyens de connexion", Es: "Ver cómo inicia sesión" }
    /// A subject.
    invited(to_what: &str) { En: "You are invited to {to_what}", De: "Einladung zu {to_what}", Fr: "Invitation à {to_what}", Es: "Invitación a {to_what}" }
    /// What that means.
    can_have_account(at: &str) {
        En: "You can have an account at {at}. You choose its password yourself.", De: "Sie können ein Konto bei {at} haben. Das Passwort wählen Sie selbst.",
        Fr: "Vous pouvez avoir un compte sur {at}. Vous choisissez vous-même son mot de passe.", Es: "Puede tener una cuenta en {at}. Usted mismo elige la contraseña.",
    }
    /// A button.
    create_account { En: "Create your account", De: "Konto erstellen", Fr: "Créer votre compte", Es: "Crear su cuenta" }
    /// How long it works.
    for_this_address(time: &str) {
        En: "The link works once, for {time}, and for this address only.", De: "Der Link gilt einmal, {time} lang und nur für diese Adresse.",
        Fr: "Le lien fonctionne une fois, pendant {time}, et pour cette adresse uniquement.", Es: "El enlace funciona una vez, durante {time}, y solo para esta dirección.",
    }
    /// Nothing to do.
    no_account_wanted {
        En: "If you do not want an account, you need not do anything: there will be none.",
        De: "Wenn Sie kein Konto möchten, müssen Sie nichts tun: Es wird keines geben.",
        Fr: "Si vous ne voulez pas de compte, vous n’avez rien à faire\u{a0}: il n’y en aura pas.",
        Es: "Si no quiere una cuenta, no tiene que hacer nada: no habrá ninguna.",
    }
    /// A subject.
    is_your_code(code: &str) { En: "{code} is your code", De: "{code} ist Ihr Code", Fr: "{code} est votre code", Es: "{code} es su código" }
    /// What it is for.
    enter_code(host: &str) {
        En: "Enter this code to create your account at {host}:", De: "Geben Sie diesen Code ein, um Ihr Konto bei {host} zu erstellen:",
        Fr: "Saisissez ce code pour créer votre compte sur {host}\u{a0}:", Es: "Escriba este código para crear su cuenta en {host}:",
    }
    /// A link.
    or_this_link { En: "Or go on with this link", De: "Oder weiter mit diesem Link", Fr: "Ou continuez avec ce lien", Es: "O continúe con este enlace" }
    /// How long both work.
    both_work(time: &str) {
        En: "Both work for {time}. Give the code to nobody, whoever asks for it.", De: "Beides gilt {time} lang. Geben Sie den Code niemandem, egal wer danach fragt.",
        Fr: "Les deux fonctionnent pendant {time}. Ne donnez le code à personne, qui que ce soit qui le demande.",
        Es: "Ambos funcionan durante {time}. No dé el código a nadie, sea quien sea quien lo pida.",
    }
    /// A subject and a button.
    confirm_address { En: "Confirm your address", De: "Adresse bestätigen", Fr: "Confirmez votre adresse", Es: "Confirme su dirección" }
    /// What it is for.
    nearly_there(host: &str) {
        En: "Your account at {host} is nearly there. It begins when you confirm this address.",
        De: "Ihr Konto bei {host} ist fast fertig. Es beginnt, wenn Sie diese Adresse bestätigen.",
        Fr: "Votre compte sur {host} est presque prêt. Il commence quand vous confirmez cette adresse.",
        Es: "Su cuenta en {host} está casi lista. Empieza cuando confirme esta dirección.",
    }
    /// How long it works.
    asks_password(time: &str) {
        En: "The link works for {time}, and asks for the password you chose.", De: "Der Link gilt {time} lang und fragt nach dem Passwort, das Sie gewählt haben.",
        Fr: "Le lien fonctionne pendant {time} et demande le mot de passe que vous avez choisi.", Es: "El enlace funciona durante {time} y pide la contraseña que eligió.",
    }
    /// A subject.
    account_exists { En: "You have an account already", De: "Sie haben schon ein Konto", Fr: "Vous avez déjà un compte", Es: "Ya tiene una cuenta" }
    /// What happened.
    wanted_account(host: &str) {
        En: "Somebody, most likely you, wanted to create an account at {host}, and this address has one.",
        De: "Jemand, wahrscheinlich Sie, wollte ein Konto bei {host} erstellen, und diese Adresse hat schon eines.",
        Fr: "Quelqu’un, probablement vous, a voulu créer un compte sur {host}, et cette adresse en a déjà un.",
        Es: "Alguien, probablemente usted, quiso crear una cuenta en {host}, y esta dirección ya tiene una.",
    }
    /// Nothing to do.
    account_stays {
        En: "If it was not you, you need not do anything: your account is as it was.", De: "Wenn Sie es nicht waren, müssen Sie nichts tun: Ihr Konto ist, wie es war.",
        Fr: "Si ce n’était pas vous, vous n’avez rien à faire\u{a0}: votre compte est tel qu’il était.", Es: "Si no fue usted, no tiene que hacer nada: su cuenta está como estaba.",
    }
    /// A subject.
    arrives(host: &str) { En: "Mail of {host} arrives", De: "E-Mail von {host} kommt an", Fr: "Les e-mails de {host} arrivent", Es: "El correo de {host} llega" }
    /// What it is for.
    is_a_test(host: &str) {
        En: "This is a test of the mail that {host} sends. It has arrived, so there is nothing to do.",
        De: "Dies ist eine Probe der E-Mails, die {host} sendet. Sie ist angekommen, also ist nichts zu tun.",
        Fr: "Ceci est un essai des e-mails que {host} envoie. Il est arrivé, il n’y a donc rien à faire.",
        Es: "Esto es una prueba del correo que envía {host}. Ha llegado, así que no hay nada que hacer.",
    }
}
