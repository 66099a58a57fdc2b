//! What pages say on which a password is chosen or got back, and what came of it.

use super::words;

words! {
    /// The words about passwords.
    pub struct Password;

    /// A title.
    forgot { En: "Forgot your password?", De: "Passwort vergessen?", Fr: "Mot de passe oublié\u{a0}?", Es: "¿Olvidó su contraseña?" }
    /// A title.
    look_into_mail { En: "Look into your mail", De: "Sehen Sie in Ihrem Postfach nach", Fr: "Regardez vos e-mails", Es: "Mire su correo" }
    /// How it goes.
    we_mail { En: "We mail you a link with which you choose a new one.", De: "Wir senden Ihnen einen Link, mit dem Sie ein neues wählen.", Fr: "Nous vous envoyons un lien avec lequel vous en choisissez un nouveau.", Es: "Le enviamos un enlace con el que elige una nueva." }
    /// The field was empty.
    incomplete {
        En: "Enter the email or user name you sign in with.", De: "Geben Sie die E-Mail-Adresse oder den Benutzernamen ein, mit dem Sie sich anmelden.",
        Fr: "Saisissez l’adresse e-mail ou le nom d’utilisateur avec lequel vous vous connectez.", Es: "Escriba el correo o el nombre de usuario con el que inicia sesión.",
    }
    /// A button.
    mail_link { En: "Mail me a link", De: "Link senden", Fr: "M’envoyer un lien", Es: "Envíenme un enlace" }
    /// Where no mail is sent.
    no_mail { En: "This server sends no mail. Whoever runs it can give you a link for a new password.", De: "Dieser Server sendet keine E-Mails. Einen Link für ein neues Passwort bekommen Sie von seinen Betreibern.", Fr: "Ce serveur n’envoie pas d’e-mails. Qui l’exploite peut vous donner un lien pour un nouveau mot de passe.", Es: "Este servidor no envía correo. Quien lo administra puede darle un enlace para una contraseña nueva." }
    /// The same for everybody.
    on_its_way(time: &str) {
        En: "If an account uses that address or name, a link is on its way. It works for {time}.",
        De: "Wenn ein Konto diese Adresse oder diesen Namen hat, ist ein Link unterwegs. Er gilt {time} lang.",
        Fr: "Si un compte utilise cette adresse ou ce nom, un lien est en route. Il fonctionne pendant {time}.",
        Es: "Si una cuenta usa esa dirección o ese nombre, hay un enlace en camino. Funciona durante {time}.",
    }
    /// What to do without.
    nothing_there {
        En: "Nothing there? Look among what your mail program took for spam, and check what you typed. After several letters within an hour no more are sent.",
        De: "Nichts da? Sehen Sie im Spam-Ordner nach, und prüfen Sie, was Sie eingegeben haben. Nach mehreren E-Mails innerhalb einer Stunde werden keine weiteren gesendet.",
        Fr: "Rien\u{a0}? Regardez dans les indésirables, et vérifiez ce que vous avez saisi. Après plusieurs envois en une heure, il n’y en a plus d’autres.",
        Es: "¿No hay nada? Mire en el correo no deseado y compruebe lo que escribió. Tras varios envíos en una hora no se envían más.",
    }
    /// A link.
    another_address { En: "Try another address", De: "Andere Adresse versuchen", Fr: "Essayer une autre adresse", Es: "Probar con otra dirección" }
    /// A link.
    back_to_sign_in { En: "Back to the sign-in", De: "Zurück zur Anmeldung", Fr: "Retour à la connexion", Es: "Volver al inicio de sesión" }

    /// A title.
    choose_new { En: "Choose a new password", De: "Neues Passwort wählen", Fr: "Choisissez un nouveau mot de passe", Es: "Elija una nueva contraseña" }
    /// What that means.
    others_end { En: "Every other sign-in of this account ends, on all devices.", De: "Alle anderen Anmeldungen dieses Kontos enden, auf allen Geräten.", Fr: "Toutes les autres connexions de ce compte prennent fin, sur tous les appareils.", Es: "Se cierran todas las demás sesiones de esta cuenta, en todos los dispositivos." }
    /// What was typed twice is not one.
    differ { En: "The two passwords are not the same. Type them again.", De: "Die beiden Passwörter sind nicht gleich. Geben Sie sie noch einmal ein.", Fr: "Les deux mots de passe ne sont pas identiques. Saisissez-les de nouveau.", Es: "Las dos contraseñas no son iguales. Escríbalas de nuevo." }
    /// A label.
    new_password { En: "New password", De: "Neues Passwort", Fr: "Nouveau mot de passe", Es: "Nueva contraseña" }
    /// A label.
    new_again { En: "New password again", De: "Neues Passwort wiederholen", Fr: "Nouveau mot de passe, encore une fois", Es: "Repita la nueva contraseña" }
    /// Under the label.
    hint(min: usize) {
        En: "{min} characters or more. Spaces are welcome: a few unrelated words make a good one.",
        De: "Mindestens {min} Zeichen. Leerzeichen sind willkommen: Einige Wörter ohne Zusammenhang ergeben ein gutes.",
        Fr: "{min} caractères ou plus. Les espaces sont bienvenus\u{a0}: quelques mots sans rapport en font un bon.",
        Es: "{min} caracteres o más. Los espacios valen: unas cuantas palabras sin relación forman una buena.",
    }
    /// A button.
    set_new { En: "Set the new password", De: "Neues Passwort setzen", Fr: "Enregistrer le nouveau mot de passe", Es: "Guardar la nueva contraseña" }
    /// A link.
    not_now { En: "Not now", De: "Nicht jetzt", Fr: "Pas maintenant", Es: "Ahora no" }
    /// It is too short.
    too_short(min: usize) {
        En: "That password is too short. Use {min} characters or more; a few unrelated words work well.",
        De: "Dieses Passwort ist zu kurz. Verwenden Sie mindestens {min} Zeichen; einige Wörter ohne Zusammenhang eignen sich gut.",
        Fr: "Ce mot de passe est trop court. Utilisez {min} caractères ou plus\u{a0}; quelques mots sans rapport conviennent bien.",
        Es: "Esa contraseña es demasiado corta. Use {min} caracteres o más; unas cuantas palabras sin relación funcionan bien.",
    }
    /// It is too long.
    too_long(max: usize) {
        En: "That password is too long. Use {max} characters or fewer.", De: "Dieses Passwort ist zu lang. Verwenden Sie höchstens {max} Zeichen.",
        Fr: "Ce mot de passe est trop long. Utilisez {max} caractères ou moins.", Es: "Esa contraseña es demasiado larga. Use {max} caracteres o menos.",
    }
    /// It is guessed first.
    common {
        En: "That password is one of those people try first. Please choose another.", De: "Dieses Passwort gehört zu denen, die zuerst ausprobiert werden. Bitte wählen Sie ein anderes.",
        Fr: "Ce mot de passe est de ceux que l’on essaie en premier. Veuillez en choisir un autre.", Es: "Esa contraseña es de las que se prueban primero. Elija otra, por favor.",
    }
    /// It is in lists.
    leaked {
        En: "This password appears in lists from other sites’ leaks. Please choose another.", De: "Dieses Passwort steht in Listen, die anderen Websites gestohlen wurden. Bitte wählen Sie ein anderes.",
        Fr: "Ce mot de passe figure dans des listes volées à d’autres sites. Veuillez en choisir un autre.", Es: "Esta contraseña figura en listas robadas a otros sitios. Elija otra, por favor.",
    }
    /// It is guessed by who knows them.
    personal {
        En: "That password contains your name, your address or the name of this service. Please choose another.",
        De: "Dieses Passwort enthält Ihren Namen, Ihre Adresse oder den Namen dieses Dienstes. Bitte wählen Sie ein anderes.",
        Fr: "Ce mot de passe contient votre nom, votre adresse ou le nom de ce service. Veuillez en choisir un autre.",
        Es: "Esa contraseña contiene su nombre, su dirección o el nombre de este servicio. Elija otra, por favor.",
    }

    /// A title.
    changed { En: "Password changed", De: "Passwort geändert", Fr: "Mot de passe modifié", Es: "Contraseña cambiada" }
    /// What to do.
    look_first {
        En: "Now look at how you sign in, and remove what is not yours: somebody else’s passkey still signs in.",
        De: "Sehen Sie jetzt nach, wie Sie sich anmelden, und entfernen Sie, was nicht von Ihnen ist: Ein fremder Passkey gilt weiterhin.",
        Fr: "Vérifiez maintenant vos moyens de connexion et supprimez ce qui n’est pas à vous\u{a0}: la clé d’accès d’une autre personne fonctionne encore.",
        Es: "Revise ahora cómo inicia sesión y elimine lo que no sea suyo: la clave de acceso de otra persona sigue valiendo.",
    }
    /// A button.
    sign_in_and_look { En: "Sign in and look", De: "Anmelden und nachsehen", Fr: "Se connecter et vérifier", Es: "Iniciar sesión y revisar" }
    /// What to do.
    sign_in_and_go_back {
        En: "Every other sign-in of this account has ended. Sign in with the new password, and you are back in the app you came from.",
        De: "Alle anderen Anmeldungen dieses Kontos sind beendet. Melden Sie sich mit dem neuen Passwort an, und Sie sind wieder in der App, aus der Sie kamen.",
        Fr: "Toutes les autres connexions de ce compte ont pris fin. Connectez-vous avec le nouveau mot de passe, et vous retrouvez l’application d’où vous veniez.",
        Es: "Se han cerrado todas las demás sesiones de esta cuenta. Inicie sesión con la nueva contraseña y estará de vuelta en la aplicación de la que venía.",
    }
    /// What to do.
    go_back {
        En: "Every other sign-in of this account has ended. Go back to the app you came from and sign in with the new password.",
        De: "Alle anderen Anmeldungen dieses Kontos sind beendet. Gehen Sie zurück zu der App, aus der Sie kamen, und melden Sie sich mit dem neuen Passwort an.",
        Fr: "Toutes les autres connexions de ce compte ont pris fin. Revenez à l’application d’où vous veniez et connectez-vous avec le nouveau mot de passe.",
        Es: "Se han cerrado todas las demás sesiones de esta cuenta. Vuelva a la aplicación de la que venía e inicie sesión con la nueva contraseña.",
    }
}
