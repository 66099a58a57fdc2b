//! What the pages say on which people make an account: themselves, invited, or as the first administrator.

use super::words;

words! {
    /// The words of these pages.
    pub struct SignUp;

    /// A title.
    create_an_account { En: "Create an account", De: "Konto erstellen", Fr: "Créer un compte", Es: "Crear una cuenta" }
    /// Where, without an application.
    at(host: &str) { En: "at {host}", De: "bei {host}", Fr: "sur {host}", Es: "en {host}" }
    /// It is too long.
    name_too_long { En: "That name does not work. Use at most 200 characters, and none that are invisible.", De: "Dieser Name geht nicht. Verwenden Sie höchstens 200 Zeichen und keine unsichtbaren.", Fr: "Ce nom ne convient pas. Utilisez 200 caractères au plus, et aucun qui soit invisible.", Es: "Ese nombre no sirve. Use como máximo 200 caracteres, y ninguno invisible." }
    /// Too late.
    code_over { En: "The code was not entered in time. Send the form again, and we send you a new one.", De: "Der Code wurde nicht rechtzeitig eingegeben. Senden Sie das Formular noch einmal, und wir schicken Ihnen einen neuen.", Fr: "Le code n’a pas été saisi à temps. Envoyez de nouveau le formulaire, et nous vous en enverrons un autre.", Es: "El código no se escribió a tiempo. Envíe el formulario de nuevo y le mandaremos otro." }
    /// Under the address.
    invited_here { En: "You were invited at this address.", De: "Sie wurden unter dieser Adresse eingeladen.", Fr: "Vous avez été invité à cette adresse.", Es: "Se le invitó en esta dirección." }
    /// Behind a label.
    optional { En: "(optional)", De: "(freiwillig)", Fr: "(facultatif)", Es: "(opcional)" }
    /// A button.
    create { En: "Create account", De: "Konto erstellen", Fr: "Créer le compte", Es: "Crear cuenta" }
    /// Before a link to the sign-in.
    have_account { En: "You have an account?", De: "Sie haben ein Konto?", Fr: "Vous avez un compte\u{a0}?", Es: "¿Ya tiene una cuenta?" }

    /// What to do, around the address; then [`SignUp::works_for`].
    enter_code around {
        En: ("Enter the code we sent to ", "."), De: ("Geben Sie den Code ein, den wir an ", " gesendet haben."),
        Fr: ("Saisissez le code que nous avons envoyé à ", "."), Es: ("Escriba el código que enviamos a ", "."),
    }
    /// How long.
    works_for(time: &str) { En: "It works for {time}.", De: "Er gilt {time} lang.", Fr: "Il fonctionne pendant {time}.", Es: "Funciona durante {time}." }
    /// Another was sent.
    sent_again { En: "Another letter is on its way, with another code.", De: "Eine weitere E-Mail ist unterwegs, mit einem anderen Code.", Fr: "Un autre message est en route, avec un autre code.", Es: "Hay otro mensaje en camino, con otro código." }
    /// It is not the code.
    wrong_code { En: "That is not the code we sent last. Look at the newest letter.", De: "Das ist nicht der Code, den wir zuletzt gesendet haben. Sehen Sie in die neueste E-Mail.", Fr: "Ce n’est pas le dernier code que nous avons envoyé. Regardez le message le plus récent.", Es: "Ese no es el último código que enviamos. Mire el mensaje más reciente." }
    /// Too many guesses.
    code_spent { En: "Too many codes that were not right. This one works no longer: have another one sent.", De: "Zu viele falsche Codes. Dieser gilt nicht mehr: Lassen Sie sich einen neuen senden.", Fr: "Trop de codes incorrects. Celui-ci ne fonctionne plus\u{a0}: faites-en envoyer un autre.", Es: "Demasiados códigos incorrectos. Este ya no funciona: pida que se le envíe otro." }
    /// Slowed down.
    too_many_codes(time: &str) { En: "Too many codes that were not right. Try again in {time}, or use the link in the letter: it still works.", De: "Zu viele falsche Codes. Versuchen Sie es in {time} noch einmal, oder nehmen Sie den Link in der E-Mail: Er gilt weiterhin.", Fr: "Trop de codes incorrects. Réessayez dans {time}, ou utilisez le lien du message\u{a0}: il fonctionne toujours.", Es: "Demasiados códigos incorrectos. Inténtelo de nuevo en {time}, o use el enlace del mensaje: sigue funcionando." }
    /// Slowed down.
    not_again(time: &str) { En: "We have sent several letters already. The next one can go out in {time}.", De: "Wir haben schon mehrere E-Mails gesendet. Die nächste kann in {time} hinausgehen.", Fr: "Nous avons déjà envoyé plusieurs messages. Le prochain pourra partir dans {time}.", Es: "Ya hemos enviado varios mensajes. El siguiente puede salir en {time}." }
    /// Before [`SignUp::send_again`].
    no_letter { En: "No letter? Look among the unwanted ones, or", De: "Keine E-Mail? Sehen Sie im Spam-Ordner nach, oder", Fr: "Pas de message\u{a0}? Regardez parmi les indésirables, ou", Es: "¿No hay mensaje? Mire entre los no deseados, o" }
    /// A button in a sentence.
    send_again { En: "have another one sent", De: "lassen Sie noch eine senden", Fr: "faites-en envoyer un autre", Es: "pida que se le envíe otro" }
    /// A button.
    another_address { En: "Use another address", De: "Andere Adresse verwenden", Fr: "Utiliser une autre adresse", Es: "Usar otra dirección" }

    /// A title.
    create_your_account { En: "Create your account", De: "Ihr Konto erstellen", Fr: "Créer votre compte", Es: "Cree su cuenta" }
    /// For whom.
    for_address around { En: ("for ", ""), De: ("für ", ""), Fr: ("pour ", ""), Es: ("para ", "") }
    /// It is another.
    wrong_password { En: "That is not the password that was chosen.", De: "Das ist nicht das Passwort, das gewählt wurde.", Fr: "Ce n’est pas le mot de passe qui a été choisi.", Es: "Esa no es la contraseña que se eligió." }
    /// Too many guesses.
    passwords_spent { En: "Too many passwords that were not right. Begin again where you wanted the account.", De: "Zu viele falsche Passwörter. Fangen Sie dort noch einmal an, wo Sie das Konto wollten.", Fr: "Trop de mots de passe incorrects. Recommencez là où vous vouliez le compte.", Es: "Demasiadas contraseñas incorrectas. Empiece de nuevo donde quería la cuenta." }
    /// Under the label.
    chosen_elsewhere {
        En: "The one you have just chosen. The account was asked for in another browser, so we make sure that it was you.", De: "Das, das Sie gerade gewählt haben. Das Konto wurde in einem anderen Browser angefordert, deshalb vergewissern wir uns, dass Sie es waren.",
        Fr: "Celui que vous venez de choisir. Le compte a été demandé dans un autre navigateur, nous vérifions donc que c’était bien vous.", Es: "La que acaba de elegir. La cuenta se pidió en otro navegador, así que nos aseguramos de que fue usted.",
    }
    /// A way out.
    did_not_ask { En: "You did not ask for an account? Close this page, and there will be none.", De: "Sie wollten kein Konto? Schließen Sie diese Seite, und es wird keines geben.", Fr: "Vous n’avez pas demandé de compte\u{a0}? Fermez cette page, et il n’y en aura pas.", Es: "¿No pidió una cuenta? Cierre esta página y no habrá ninguna." }

    /// A title.
    account_created { En: "Account created", De: "Konto erstellt", Fr: "Compte créé", Es: "Cuenta creada" }
    /// Where to go, with the application and the address.
    back_where_you_began(client: &str, email: &str) {
        En: "Go back to where you began, and sign in to {client} as {email}.", De: "Gehen Sie dorthin zurück, wo Sie angefangen haben, und melden Sie sich bei {client} als {email} an.",
        Fr: "Revenez là où vous avez commencé, et connectez-vous à {client} en tant que {email}.", Es: "Vuelva donde empezó e inicie sesión en {client} como {email}.",
    }
    /// Who they are now.
    signed_in_as around { En: ("You are signed in as ", "."), De: ("Sie sind angemeldet als ", "."), Fr: ("Vous êtes connecté en tant que ", "."), Es: ("Ha iniciado sesión como ", ".") }

    /// A title.
    first_administrator { En: "Create the first administrator", De: "Erstes Administratorkonto erstellen", Fr: "Créer le premier administrateur", Es: "Cree el primer administrador" }
    /// What it is for.
    manages(host: &str) { En: "This account manages {host}. You can add more later.", De: "Dieses Konto verwaltet {host}. Sie können später weitere hinzufügen.", Fr: "Ce compte gère {host}. Vous pourrez en ajouter d’autres plus tard.", Es: "Esta cuenta administra {host}. Más tarde puede añadir otras." }
    /// Somebody has it.
    email_taken { En: "Somebody signs in with this address already. Use another one.", De: "Mit dieser Adresse meldet sich schon jemand an. Verwenden Sie eine andere.", Fr: "Quelqu’un se connecte déjà avec cette adresse. Utilisez-en une autre.", Es: "Alguien ya inicia sesión con esta dirección. Use otra." }
    /// A button.
    create_administrator { En: "Create administrator", De: "Administratorkonto erstellen", Fr: "Créer l’administrateur", Es: "Crear administrador" }
    /// A title.
    all_set { En: "All set", De: "Alles bereit", Fr: "Tout est prêt", Es: "Todo listo" }
    /// Who they are now.
    is_administrator(host: &str) { En: "is now the administrator of {host}.", De: "verwaltet jetzt {host}.", Fr: "est maintenant l’administrateur de {host}.", Es: "administra ahora {host}." }
    /// What to do.
    try_it { En: "Try it: the sample app signs you in with this account, and its API answers you.", De: "Probieren Sie es: Die Beispiel-App meldet Sie mit diesem Konto an, und ihre API antwortet Ihnen.", Fr: "Essayez\u{a0}: l’application d’exemple vous connecte avec ce compte, et son API vous répond.", Es: "Pruébelo: la aplicación de ejemplo inicia su sesión con esta cuenta, y su API le responde." }
    /// A button.
    open_sample { En: "Open the sample app", De: "Beispiel-App öffnen", Fr: "Ouvrir l’application d’exemple", Es: "Abrir la aplicación de ejemplo" }
    /// Before a command.
    next_client { En: "Next, tell this server about your application:", De: "Sagen Sie als Nächstes diesem Server von Ihrer Anwendung:", Fr: "Ensuite, déclarez votre application à ce serveur\u{a0}:", Es: "Después, hable a este servidor de su aplicación:" }
}
