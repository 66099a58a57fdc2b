//! What pages say about second factors: where they are asked for, and where people manage them.

use super::words;

words! {
    /// The words about second factors.
    pub struct Factor;

    /// A title.
    one_more_step { En: "One more step", De: "Noch ein Schritt", Fr: "Encore une étape", Es: "Un paso más" }
    /// What to do.
    enter_code(account: &str) {
        En: "Enter the code that your authenticator app shows for {account}.", De: "Geben Sie den Code ein, den Ihre Authenticator-App für {account} zeigt.",
        Fr: "Saisissez le code que votre application d’authentification affiche pour {account}.", Es: "Escriba el código que muestra su aplicación de autenticación para {account}.",
    }
    /// What to do.
    enter_recovery(account: &str) {
        En: "Enter one of the recovery codes of {account}. Each works once.", De: "Geben Sie einen der Wiederherstellungscodes von {account} ein. Jeder gilt einmal.",
        Fr: "Saisissez l’un des codes de secours de {account}. Chacun fonctionne une fois.", Es: "Escriba uno de los códigos de recuperación de {account}. Cada uno funciona una vez.",
    }
    /// What to do.
    confirm_with_passkey(account: &str) {
        En: "Confirm with a passkey that you are {account}.", De: "Bestätigen Sie mit einem Passkey, dass Sie {account} sind.",
        Fr: "Confirmez avec une clé d’accès que vous êtes {account}.", Es: "Confirme con una clave de acceso que usted es {account}.",
    }
    /// It is no recovery code, or was used.
    wrong_recovery {
        En: "That is not one of your unused recovery codes. Check each letter, or try another.", De: "Das ist keiner Ihrer unbenutzten Wiederherstellungscodes. Prüfen Sie jeden Buchstaben, oder versuchen Sie einen anderen.",
        Fr: "Ce n’est pas l’un de vos codes de secours inutilisés. Vérifiez chaque lettre, ou essayez-en un autre.", Es: "Ese no es uno de sus códigos de recuperación sin usar. Compruebe cada letra o pruebe otro.",
    }
    /// It is not the app's code.
    wrong_code {
        En: "That code is not right. Wait for the next one in your app, and enter it.", De: "Dieser Code stimmt nicht. Warten Sie auf den nächsten in Ihrer App, und geben Sie ihn ein.",
        Fr: "Ce code n’est pas le bon. Attendez le suivant dans votre application, et saisissez-le.", Es: "Ese código no es correcto. Espere al siguiente en su aplicación y escríbalo.",
    }
    /// The passkey was another.
    wrong_passkey {
        En: "That passkey did not confirm it. Try again, or use another way.", De: "Dieser Passkey hat es nicht bestätigt. Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Weg.",
        Fr: "Cette clé d’accès ne l’a pas confirmé. Réessayez, ou utilisez un autre moyen.", Es: "Esa clave de acceso no lo confirmó. Inténtelo de nuevo o use otra forma.",
    }
    /// A box to tick.
    remember(time: &str) {
        En: "Do not ask again in this browser for {time}", De: "In diesem Browser {time} lang nicht mehr fragen",
        Fr: "Ne plus demander dans ce navigateur pendant {time}", Es: "No volver a preguntar en este navegador durante {time}",
    }
    /// The browser has shown no passkey.
    no_passkey {
        En: "No passkey was used. Try again, or use another way.", De: "Es wurde kein Passkey verwendet. Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Weg.",
        Fr: "Aucune clé d’accès n’a été utilisée. Réessayez, ou utilisez un autre moyen.", Es: "No se usó ninguna clave de acceso. Inténtelo de nuevo o use otra forma.",
    }
    /// Without script.
    needs_script {
        En: "A passkey needs a script, which your browser does not run. Use another way.", De: "Ein Passkey braucht ein Skript, das Ihr Browser nicht ausführt. Nehmen Sie einen anderen Weg.",
        Fr: "Une clé d’accès a besoin d’un script, que votre navigateur n’exécute pas. Utilisez un autre moyen.", Es: "Una clave de acceso necesita un script que su navegador no ejecuta. Use otra forma.",
    }
    /// A label.
    recovery_code { En: "Recovery code", De: "Wiederherstellungscode", Fr: "Code de secours", Es: "Código de recuperación" }
    /// A label.
    six_digits { En: "Code of six digits", De: "Sechsstelliger Code", Fr: "Code à six chiffres", Es: "Código de seis dígitos" }
    /// Another way.
    use_app { En: "Use your authenticator app", De: "Authenticator-App verwenden", Fr: "Utiliser votre application d’authentification", Es: "Usar su aplicación de autenticación" }
    /// Another way.
    use_recovery { En: "Use a recovery code", De: "Wiederherstellungscode verwenden", Fr: "Utiliser un code de secours", Es: "Usar un código de recuperación" }
    /// A way out.
    none_works { En: "None of these works?", De: "Nichts davon geht?", Fr: "Rien de cela ne fonctionne\u{a0}?", Es: "¿Nada de esto funciona?" }
    /// The way out.
    ask_administrator {
        En: "Whoever runs this service can let you set up a new way to sign in once they are sure that it is you.",
        De: "Die Betreiber dieses Dienstes können Sie einen neuen Weg einrichten lassen, sobald sie sicher sind, dass Sie es sind.",
        Fr: "Qui exploite ce service peut vous laisser configurer un nouveau moyen de connexion, une fois sûr que c’est bien vous.",
        Es: "Quien administra este servicio puede dejarle configurar una nueva forma de iniciar sesión cuando esté seguro de que es usted.",
    }

    /// A title.
    set_up_second { En: "Set up a second step", De: "Zweiten Schritt einrichten", Fr: "Configurer une deuxième étape", Es: "Configure un segundo paso" }
    /// Why.
    needs_more(account: &str) {
        En: "To go on, {account} needs more than a password: an app that shows codes.", De: "Um weiterzumachen, braucht {account} mehr als ein Passwort: eine App, die Codes zeigt.",
        Fr: "Pour continuer, {account} a besoin de plus qu’un mot de passe\u{a0}: une application qui affiche des codes.", Es: "Para continuar, {account} necesita más que una contraseña: una aplicación que muestre códigos.",
    }
    /// Why, where a passkey does as well.
    needs_either(account: &str) {
        En: "To go on, {account} needs more than a password: a passkey, or an app that shows codes.", De: "Um weiterzumachen, braucht {account} mehr als ein Passwort: einen Passkey oder eine App, die Codes zeigt.",
        Fr: "Pour continuer, {account} a besoin de plus qu’un mot de passe\u{a0}: une clé d’accès, ou une application qui affiche des codes.", Es: "Para continuar, {account} necesita más que una contraseña: una clave de acceso o una aplicación que muestre códigos.",
    }
    /// Why, where nothing else does.
    needs_passkey(account: &str) {
        En: "To go on, {account} needs a passkey.", De: "Um weiterzumachen, braucht {account} einen Passkey.",
        Fr: "Pour continuer, {account} a besoin d’une clé d’accès.", Es: "Para continuar, {account} necesita una clave de acceso.",
    }
    /// A title.
    set_up_passkey { En: "Set up a passkey", De: "Passkey einrichten", Fr: "Configurer une clé d’accès", Es: "Configurar una clave de acceso" }
    /// What it is.
    what_passkey {
        En: "A passkey confirms with your finger, face or PIN that it is you: on this device, your phone or a security key. It cannot be phished.",
        De: "Ein Passkey bestätigt mit Finger, Gesicht oder PIN, dass Sie es sind: auf diesem Gerät, Ihrem Telefon oder einem Sicherheitsschlüssel. Er kann Ihnen nicht abgelockt werden.",
        Fr: "Une clé d’accès confirme avec votre doigt, votre visage ou un code PIN que c’est bien vous\u{a0}: sur cet appareil, votre téléphone ou une clé de sécurité. Elle ne peut pas être hameçonnée.",
        Es: "Una clave de acceso confirma con el dedo, la cara o un PIN que es usted: en este dispositivo, su teléfono o una llave de seguridad. No se le puede robar con engaños.",
    }
    /// A button.
    create_passkey { En: "Create a passkey", De: "Passkey erstellen", Fr: "Créer une clé d’accès", Es: "Crear una clave de acceso" }
    /// The browser has made none.
    none_created {
        En: "No passkey was created. Try again, on this device, your phone or a security key.", De: "Es wurde kein Passkey erstellt. Versuchen Sie es noch einmal, auf diesem Gerät, Ihrem Telefon oder einem Sicherheitsschlüssel.",
        Fr: "Aucune clé d’accès n’a été créée. Réessayez, sur cet appareil, votre téléphone ou une clé de sécurité.", Es: "No se creó ninguna clave de acceso. Inténtelo de nuevo, en este dispositivo, su teléfono o una llave de seguridad.",
    }
    /// Without script, or in an old browser.
    cannot_create(host: &str) {
        En: "This browser cannot create a passkey here: it does not know them, or it runs no scripts. Sign in with another browser or device. If you have none, ask whoever runs {host}.",
        De: "Dieser Browser kann hier keinen Passkey erstellen: Er kennt sie nicht oder führt keine Skripte aus. Melden Sie sich mit einem anderen Browser oder Gerät an. Wenn Sie keines haben, wenden Sie sich an den Betreiber von {host}.",
        Fr: "Ce navigateur ne peut pas créer de clé d’accès ici\u{a0}: il ne les connaît pas, ou n’exécute pas de scripts. Connectez-vous avec un autre navigateur ou appareil. Si vous n’en avez pas, adressez-vous à l’exploitant de {host}.",
        Es: "Este navegador no puede crear aquí una clave de acceso: no las conoce o no ejecuta scripts. Inicie sesión con otro navegador o dispositivo. Si no tiene ninguno, diríjase a quien presta el servicio de {host}.",
    }
    /// The other way.
    set_up_app { En: "Set up an authenticator app", De: "Authenticator-App einrichten", Fr: "Configurer une application d’authentification", Es: "Configurar una aplicación de autenticación" }
    /// It is not this key's code.
    not_this_key {
        En: "That code is not the one of this key. Wait for the next one in your app, and enter it.", De: "Dieser Code gehört nicht zu diesem Schlüssel. Warten Sie auf den nächsten in Ihrer App, und geben Sie ihn ein.",
        Fr: "Ce code n’est pas celui de cette clé. Attendez le suivant dans votre application, et saisissez-le.", Es: "Ese código no es el de esta clave. Espere al siguiente en su aplicación y escríbalo.",
    }
    /// A label.
    code_it_shows { En: "The code it shows", De: "Der Code, den sie zeigt", Fr: "Le code affiché", Es: "El código que muestra" }
    /// What to do.
    scan(account: &str) {
        En: "Scan this with an authenticator app. Or enter the key by hand, for {account}:", De: "Scannen Sie das mit einer Authenticator-App. Oder geben Sie den Schlüssel von Hand ein, für {account}:",
        Fr: "Scannez ceci avec une application d’authentification. Ou saisissez la clé à la main, pour {account}\u{a0}:", Es: "Escanee esto con una aplicación de autenticación. O escriba la clave a mano, para {account}:",
    }
    /// A title.
    recovery_codes { En: "Recovery codes", De: "Wiederherstellungs\u{ad}codes", Fr: "Codes de secours", Es: "Códigos de recuperación" }
    /// What to do.
    print_now {
        En: "Print these or write them down now: they are shown only this once.", De: "Drucken Sie diese jetzt aus, oder schreiben Sie sie auf: Sie werden nur dieses eine Mal gezeigt.",
        Fr: "Imprimez-les ou notez-les maintenant\u{a0}: ils ne sont affichés qu’une fois.", Es: "Imprímalos o anótelos ahora: solo se muestran esta vez.",
    }
    /// What they are for.
    what_for(account: &str, host: &str) {
        En: "When your app or passkey is lost, one of them lets {account} in at {host}. Each works once, and codes from before work no longer.",
        De: "Wenn Ihre App oder Ihr Passkey verloren ist, lässt einer davon {account} bei {host} herein. Jeder gilt einmal, und frühere Codes gelten nicht mehr.",
        Fr: "Si vous perdez votre application ou votre clé d’accès, l’un d’eux laisse entrer {account} sur {host}. Chacun fonctionne une fois, et les codes d’avant ne fonctionnent plus.",
        Es: "Si pierde su aplicación o su clave de acceso, uno de ellos deja entrar a {account} en {host}. Cada uno funciona una vez, y los anteriores ya no funcionan.",
    }
    /// A button.
    have_them { En: "I have them. Continue", De: "Ich habe sie. Weiter", Fr: "Je les ai. Continuer", Es: "Ya los tengo. Continuar" }
    /// A title, where the page with the codes was loaded again.
    codes_were_shown { En: "Your recovery codes were shown once", De: "Ihre Codes wurden einmal gezeigt", Fr: "Vos codes de secours ont été affichés une fois", Es: "Sus códigos de recuperación se mostraron una vez" }
    /// What to do.
    make_others {
        En: "The second step is set up, and its codes cannot be shown again. If you do not have them, make new ones in your account.",
        De: "Der zweite Schritt ist eingerichtet, und die Codes dazu können nicht noch einmal gezeigt werden. Wenn Sie sie nicht haben, erstellen Sie in Ihrem Konto neue.",
        Fr: "La deuxième étape est configurée, et ses codes ne peuvent pas être affichés de nouveau. Si vous ne les avez pas, créez-en de nouveaux dans votre compte.",
        Es: "El segundo paso está configurado y sus códigos no se pueden volver a mostrar. Si no los tiene, cree otros en su cuenta.",
    }
    /// A title.
    signed_in { En: "You are signed in", De: "Sie sind angemeldet", Fr: "Vous êtes connecté", Es: "Ha iniciado sesión" }
    /// What that means.
    last_code {
        En: "That was your last recovery code. Without your app or passkey, you could not sign in again.", De: "Das war Ihr letzter Wiederherstellungscode. Ohne Ihre App oder Ihren Passkey könnten Sie sich nicht wieder anmelden.",
        Fr: "C’était votre dernier code de secours. Sans votre application ou votre clé d’accès, vous ne pourriez plus vous connecter.", Es: "Ese era su último código de recuperación. Sin su aplicación o su clave de acceso no podría volver a iniciar sesión.",
    }
    /// Before how many are left.
    code_used { En: "That recovery code is used up.", De: "Dieser Wiederherstellungscode ist verbraucht.", Fr: "Ce code de secours est maintenant utilisé.", Es: "Ese código de recuperación ya está usado." }
    /// How many are left.
    one_left { En: "One is left.", De: "Einer ist übrig.", Fr: "Il en reste un.", Es: "Queda uno." }
    /// How many are left.
    more_left(many: usize) { En: "{many} are left.", De: "{many} sind übrig.", Fr: "Il en reste {many}.", Es: "Quedan {many}." }
    /// What to do.
    have_you_lost {
        En: "Have you lost your app or your passkey? Then set up another now, and remove the one that is lost.", De: "Haben Sie Ihre App oder Ihren Passkey verloren? Dann richten Sie jetzt etwas Neues ein, und entfernen Sie, was verloren ist.",
        Fr: "Avez-vous perdu votre application ou votre clé d’accès\u{a0}? Alors configurez-en une autre maintenant, et supprimez celle qui est perdue.", Es: "¿Ha perdido su aplicación o su clave de acceso? Configure otra ahora y elimine la perdida.",
    }
    /// A button.
    see_security { En: "See how you sign in", De: "Ansehen, wie Sie sich anmelden", Fr: "Voir vos moyens de connexion", Es: "Ver cómo inicia sesión" }
    /// A link.
    go_on_without { En: "Go on without", De: "Ohne das weiter", Fr: "Continuer sans", Es: "Continuar sin hacerlo" }
}

impl Factor {
    /// How many recovery codes are left of some.
    pub fn left(self, many: usize) -> String {
        if many == 1 { self.one_left().to_owned() } else { self.more_left(many) }
    }
}
