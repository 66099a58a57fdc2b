//! `/account/password`.

use super::words;

words! {
    /// The words of the page on which people choose another password.
    pub struct AccountPassword;

    /// The heading where there is one.
    change { En: "Change your password", De: "Passwort ändern", Fr: "Changer de mot de passe", Es: "Cambiar la contraseña" }
    /// The heading where there is none.
    set { En: "Set a password", De: "Ein Passwort festlegen", Fr: "Définir un mot de passe", Es: "Establecer una contraseña" }
    /// What follows.
    lead { En: "Every other sign-in of this account ends, on all devices.", De: "Jede andere Anmeldung mit diesem Konto endet, auf allen Geräten.", Fr: "Toutes les autres connexions de ce compte prendront fin, sur tous les appareils.", Es: "Se cerrarán todas las demás sesiones de esta cuenta, en todos los dispositivos." }
    /// Label.
    account { En: "Account", De: "Konto", Fr: "Compte", Es: "Cuenta" }
    /// Label.
    current { En: "Present password", De: "Bisheriges Passwort", Fr: "Mot de passe actuel", Es: "Contraseña actual" }
    /// Label.
    new_password { En: "New password", De: "Neues Passwort", Fr: "Nouveau mot de passe", Es: "Contraseña nueva" }
    /// Label.
    again { En: "New password again", De: "Neues Passwort wiederholen", Fr: "Nouveau mot de passe, encore une fois", Es: "Repita la contraseña nueva" }
    /// What it has to be.
    hint(min: usize) { En: "{min} characters or more. Spaces are welcome: a few unrelated words make a good one.", De: "Mindestens {min} Zeichen. Leerzeichen sind willkommen: Einige Wörter ohne Zusammenhang sind gut.", Fr: "{min} caractères ou plus. Les espaces sont les bienvenus : quelques mots sans rapport conviennent bien.", Es: "{min} caracteres o más. Se admiten espacios: unas palabras sin relación entre sí son una buena opción." }
    /// The way for whoever does not know it.
    forgotten { En: "Forgot your password?", De: "Passwort vergessen?", Fr: "Mot de passe oublié ?", Es: "¿Ha olvidado su contraseña?" }
    /// The present one is wrong.
    wrong { En: "That is not your present password.", De: "Das ist nicht Ihr bisheriges Passwort.", Fr: "Ce n’est pas votre mot de passe actuel.", Es: "Esa no es su contraseña actual." }
    /// Too many tries.
    throttled(secs: u64) { En: "Too many attempts. Try again in {secs} seconds.", De: "Zu viele Versuche. Versuchen Sie es in {secs} Sekunden noch einmal.", Fr: "Trop de tentatives. Réessayez dans {secs} secondes.", Es: "Demasiados intentos. Vuelva a intentarlo en {secs} segundos." }
    /// No room for a hash.
    busy { En: "The server is busy at this moment. Try again in a few seconds.", De: "Der Server ist gerade ausgelastet. Versuchen Sie es in einigen Sekunden noch einmal.", Fr: "Le serveur est occupé en ce moment. Réessayez dans quelques secondes.", Es: "El servidor está ocupado en este momento. Vuelva a intentarlo en unos segundos." }
    /// The two differ.
    differ { En: "The two passwords are not the same. Type them again.", De: "Die beiden Passwörter sind nicht gleich. Geben Sie sie noch einmal ein.", Fr: "Les deux mots de passe ne sont pas identiques. Saisissez-les à nouveau.", Es: "Las dos contraseñas no coinciden. Escríbalas de nuevo." }
    /// It is the old one.
    same { En: "That is the password you have. Choose another one.", De: "Das ist Ihr bisheriges Passwort. Wählen Sie ein anderes.", Fr: "C’est le mot de passe que vous avez déjà. Choisissez-en un autre.", Es: "Esa es la contraseña que ya tiene. Elija otra." }
    /// It is guessed first.
    common { En: "This password is one of the first that are guessed. Choose another one.", De: "Dieses Passwort gehört zu denen, die zuerst geraten werden. Wählen Sie ein anderes.", Fr: "Ce mot de passe fait partie des premiers que l’on devine. Choisissez-en un autre.", Es: "Esta contraseña es de las primeras que se adivinan. Elija otra." }
    /// It stands in lists of leaks.
    leaked { En: "This password appears in lists from other sites’ leaks. Choose another one.", De: "Dieses Passwort steht in Listen, die bei anderen Diensten entwendet wurden. Wählen Sie ein anderes.", Fr: "Ce mot de passe figure dans des listes issues de fuites d’autres sites. Choisissez-en un autre.", Es: "Esta contraseña aparece en listas filtradas de otros sitios. Elija otra." }
    /// It is made of own words.
    personal { En: "This password is made of your name, your address or the name of this service. Choose another one.", De: "Dieses Passwort besteht aus Ihrem Namen, Ihrer Adresse oder dem Namen dieses Dienstes. Wählen Sie ein anderes.", Fr: "Ce mot de passe se compose de votre nom, de votre adresse ou du nom de ce service. Choisissez-en un autre.", Es: "Esta contraseña está hecha con su nombre, su dirección o el nombre de este servicio. Elija otra." }
    /// It is too long.
    too_long(max: usize) { En: "A password has {max} characters at most.", De: "Ein Passwort hat höchstens {max} Zeichen.", Fr: "Un mot de passe compte au plus {max} caractères.", Es: "Una contraseña tiene como máximo {max} caracteres." }
    /// It is too short.
    too_short(min: usize) { En: "This password is too short. It needs {min} characters or more.", De: "Dieses Passwort ist zu kurz. Es braucht mindestens {min} Zeichen.", Fr: "Ce mot de passe est trop court. Il lui faut au moins {min} caractères.", Es: "Esta contraseña es demasiado corta. Necesita {min} caracteres o más." }
}
