//! What the pages say on which people manage how they sign in.

use super::words;

words! {
    /// The words of these pages.
    pub struct Security;

    /// A title.
    how_you_sign_in { En: "How you sign in", De: "Wie Sie sich anmelden", Fr: "Comment vous vous connectez", Es: "Cómo inicia sesión" }
    /// It is on record.
    passkey_taken { En: "This passkey is on record already. Use another device or key.", De: "Dieser Passkey ist schon hinterlegt. Verwenden Sie ein anderes Gerät oder einen anderen Schlüssel.", Fr: "Cette clé d’accès est déjà enregistrée. Utilisez un autre appareil ou une autre clé.", Es: "Esta clave de acceso ya está registrada. Use otro dispositivo u otra clave." }
    /// The page that showed its recovery codes was loaded again.
    is_there {
        En: "This is set up already. The recovery codes were shown only once: if you do not have them, make new ones here.",
        De: "Das ist schon eingerichtet. Die Wiederherstellungscodes wurden nur einmal gezeigt: Wenn Sie sie nicht haben, erstellen Sie hier neue.",
        Fr: "C’est déjà configuré. Les codes de secours n’ont été affichés qu’une fois\u{a0}: si vous ne les avez pas, créez-en de nouveaux ici.",
        Es: "Esto ya está configurado. Los códigos de recuperación solo se mostraron una vez: si no los tiene, cree otros aquí.",
    }
    /// It could not be taken.
    passkey_not_added {
        En: "The passkey could not be added. Try again; it needs a device or key that asks for a PIN, a finger or a face.",
        De: "Der Passkey konnte nicht hinzugefügt werden. Versuchen Sie es noch einmal; es braucht ein Gerät oder einen Schlüssel, der nach PIN, Finger oder Gesicht fragt.",
        Fr: "La clé d’accès n’a pas pu être ajoutée. Réessayez\u{a0}; il faut un appareil ou une clé qui demande un code PIN, un doigt ou un visage.",
        Es: "No se pudo añadir la clave de acceso. Inténtelo de nuevo; hace falta un dispositivo o una llave que pida un PIN, un dedo o una cara.",
    }
    /// It is not the app's.
    wrong_code { En: "That code is not right. Wait for the next one in your app.", De: "Dieser Code stimmt nicht. Warten Sie auf den nächsten in Ihrer App.", Fr: "Ce code n’est pas le bon. Attendez le suivant dans votre application.", Es: "Ese código no es correcto. Espere al siguiente en su aplicación." }
    /// What to do first.
    to_change { En: "To change anything here, confirm that it is you.", De: "Um hier etwas zu ändern, bestätigen Sie, dass Sie es sind.", Fr: "Pour changer quelque chose ici, confirmez que c’est bien vous.", Es: "Para cambiar algo aquí, confirme que es usted." }
    /// A button.
    sign_in_again { En: "Sign in again", De: "Noch einmal anmelden", Fr: "Se connecter de nouveau", Es: "Iniciar sesión de nuevo" }
    /// A heading.
    passkeys { En: "Passkeys", De: "Passkeys", Fr: "Clés d’accès", Es: "Claves de acceso" }
    /// What they are.
    no_passkeys {
        En: "None yet. A passkey signs you in with your finger, face or PIN, without a password, and cannot be phished.",
        De: "Noch keine. Ein Passkey meldet Sie mit Finger, Gesicht oder PIN an, ohne Passwort, und kann Ihnen nicht abgelockt werden.",
        Fr: "Aucune pour l’instant. Une clé d’accès vous connecte avec votre doigt, votre visage ou un code PIN, sans mot de passe, et ne peut pas être hameçonnée.",
        Es: "Aún ninguna. Una clave de acceso inicia su sesión con el dedo, la cara o un PIN, sin contraseña, y no se le puede robar con engaños.",
    }
    /// Where it is.
    backed_up { En: "backed up, on all your devices", De: "gesichert, auf all Ihren Geräten", Fr: "sauvegardée, sur tous vos appareils", Es: "con copia, en todos sus dispositivos" }
    /// Where it is.
    not_backed_up { En: "not backed up yet", De: "noch nicht gesichert", Fr: "pas encore sauvegardée", Es: "aún sin copia" }
    /// Where it is.
    one_device { En: "on one device only", De: "nur auf einem Gerät", Fr: "sur un seul appareil", Es: "solo en un dispositivo" }
    /// Since when.
    added(day: &str) { En: "added {day}", De: "hinzugefügt am {day}", Fr: "ajoutée le {day}", Es: "añadida el {day}" }
    /// Where somebody else may have done it.
    after_report {
        En: "Set up after what you reported. Remove it if it is not yours.", De: "Nach dem eingerichtet, was Sie gemeldet haben. Entfernen Sie das, wenn es nicht von Ihnen ist.",
        Fr: "Configuré après ce que vous avez signalé. Supprimez-le si ce n’est pas à vous.", Es: "Configurado después de lo que comunicó. Elimínelo si no es suyo.",
    }
    /// What to look for.
    was_reported(day: &str) {
        En: "You reported that something on {day} was not you. Look at what follows, and remove what is not yours: a passkey still signs in after a new password.",
        De: "Sie haben gemeldet, dass etwas am {day} nicht von Ihnen war. Sehen Sie das Folgende durch, und entfernen Sie, was nicht von Ihnen ist: Ein Passkey gilt auch nach einem neuen Passwort.",
        Fr: "Vous avez signalé que quelque chose, le {day}, n’était pas de vous. Vérifiez ce qui suit et supprimez ce qui n’est pas à vous\u{a0}: une clé d’accès fonctionne encore après un nouveau mot de passe.",
        Es: "Comunicó que algo del {day} no fue cosa suya. Revise lo que sigue y elimine lo que no sea suyo: una clave de acceso sigue valiendo tras cambiar la contraseña.",
    }
    /// When last.
    last_used(day: &str) { En: "last used {day}", De: "zuletzt verwendet am {day}", Fr: "utilisée pour la dernière fois le {day}", Es: "usada por última vez el {day}" }
    /// Opens what can be done.
    rename_or_remove { En: "Rename or remove", De: "Umbenennen oder entfernen", Fr: "Renommer ou supprimer", Es: "Cambiar el nombre o eliminar" }
    /// A button.
    rename { En: "Rename", De: "Umbenennen", Fr: "Renommer", Es: "Cambiar el nombre" }
    /// A button.
    remove { En: "Remove", De: "Entfernen", Fr: "Supprimer", Es: "Eliminar" }
    /// A label.
    name_for_it { En: "A name for it", De: "Ein Name dafür", Fr: "Un nom pour elle", Es: "Un nombre para ella" }
    /// An example of one.
    my_phone { En: "My phone", De: "Mein Telefon", Fr: "Mon téléphone", Es: "Mi teléfono" }
    /// A button.
    add_passkey { En: "Add a passkey", De: "Passkey hinzufügen", Fr: "Ajouter une clé d’accès", Es: "Añadir una clave de acceso" }
    /// The browser has made none.
    none_made {
        En: "No passkey was made. Try again; a device that has one for this account makes no other.", De: "Es wurde kein Passkey erstellt. Versuchen Sie es noch einmal; ein Gerät, das für dieses Konto schon einen hat, erstellt keinen weiteren.",
        Fr: "Aucune clé d’accès n’a été créée. Réessayez\u{a0}; un appareil qui en a déjà une pour ce compte n’en crée pas d’autre.", Es: "No se creó ninguna clave de acceso. Inténtelo de nuevo; un dispositivo que ya tiene una para esta cuenta no crea otra.",
    }
    /// Without script.
    needs_script { En: "To add a passkey, your browser must run a script.", De: "Um einen Passkey hinzuzufügen, muss Ihr Browser ein Skript ausführen.", Fr: "Pour ajouter une clé d’accès, votre navigateur doit exécuter un script.", Es: "Para añadir una clave de acceso, su navegador debe ejecutar un script." }
    /// A name that is given to one without.
    passkey_number(number: usize) { En: "Passkey {number}", De: "Passkey {number}", Fr: "Clé d’accès {number}", Es: "Clave de acceso {number}" }
    /// A heading.
    app { En: "Authenticator app", De: "Authenticator-App", Fr: "Application d’authentification", Es: "Aplicación de autenticación" }
    /// Since when.
    set_up_on(day: &str) { En: "Set up {day}", De: "Eingerichtet am {day}", Fr: "Configurée le {day}", Es: "Configurada el {day}" }
    /// What it is.
    no_app { En: "None. An app on your phone that shows codes, as a second step after the password.", De: "Keine. Eine App auf Ihrem Telefon, die Codes zeigt, als zweiter Schritt nach dem Passwort.", Fr: "Aucune. Une application sur votre téléphone qui affiche des codes, comme deuxième étape après le mot de passe.", Es: "Ninguna. Una aplicación en su teléfono que muestra códigos, como segundo paso tras la contraseña." }
    /// A button.
    another_app { En: "Set up another app in its place", De: "Stattdessen eine andere App einrichten", Fr: "Configurer une autre application à la place", Es: "Configurar otra aplicación en su lugar" }
    /// A button and a title.
    set_up_app { En: "Set up an app", De: "App einrichten", Fr: "Configurer une application", Es: "Configurar una aplicación" }
    /// No recovery codes.
    no_codes_left { En: "None is left. Without them, a lost phone would lock you out.", De: "Keiner ist übrig. Ohne sie würde ein verlorenes Telefon Sie aussperren.", Fr: "Il n’en reste aucun. Sans eux, un téléphone perdu vous bloquerait l’accès.", Es: "No queda ninguno. Sin ellos, perder el teléfono le dejaría fuera." }
    /// A button.
    make_codes { En: "Make new recovery codes", De: "Neue Wiederherstellungscodes erstellen", Fr: "Créer de nouveaux codes de secours", Es: "Crear nuevos códigos de recuperación" }
    /// A title.
    remove_it(name: &str) { En: "Remove {name}?", De: "{name} entfernen?", Fr: "Supprimer {name}\u{a0}?", Es: "¿Eliminar {name}?" }
    /// A heading.
    remove_this { En: "Remove this way to sign in?", De: "Diese Anmelde\u{ad}möglichkeit entfernen?", Fr: "Supprimer ce moyen de connexion\u{a0}?", Es: "¿Eliminar esta forma de iniciar sesión?" }
    /// What that means.
    cannot_be_used around {
        En: ("", " cannot be used any more afterwards, and every other sign-in of yours ends, on all devices."),
        De: ("", " kann danach nicht mehr verwendet werden, und alle Ihre anderen Anmeldungen enden, auf allen Geräten."),
        Fr: ("", " ne pourra plus être utilisé ensuite, et toutes vos autres connexions prennent fin, sur tous les appareils."),
        Es: ("", " ya no se podrá usar después, y se cierran todas sus demás sesiones, en todos los dispositivos."),
    }
    /// A warning.
    last_one {
        En: "It is your last one. Your recovery codes go with it, and your password alone will protect this account.", De: "Es ist die letzte. Ihre Wiederherstellungscodes gehen mit, und nur noch Ihr Passwort schützt dieses Konto.",
        Fr: "C’est le dernier. Vos codes de secours disparaissent avec lui, et seul votre mot de passe protégera ce compte.", Es: "Es la última. Sus códigos de recuperación se van con ella, y solo su contraseña protegerá esta cuenta.",
    }
    /// A button.
    do_remove { En: "Remove it", De: "Entfernen", Fr: "Le supprimer", Es: "Eliminar" }
    /// A link.
    keep_it { En: "Keep it", De: "Behalten", Fr: "Le garder", Es: "Conservar" }
}
