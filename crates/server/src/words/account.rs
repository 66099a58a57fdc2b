//! The pages of people's own account: what is on all of them, the overview, and what is said when something is done.

use super::words;

words! {
    /// The words of the account pages.
    pub struct Account;

    /// The overview's heading, and the name of the navigation.
    title { En: "Your account", De: "Ihr Konto", Fr: "Votre compte", Es: "Su cuenta" }
    /// The overview in the navigation.
    overview { En: "Overview", De: "Übersicht", Fr: "Aperçu", Es: "Resumen" }
    /// Name and the like.
    profile { En: "Profile", De: "Profil", Fr: "Profil", Es: "Perfil" }
    /// The address.
    email { En: "Email", De: "E-Mail", Fr: "E-mail", Es: "Correo" }
    /// The password.
    password { En: "Password", De: "Passwort", Fr: "Mot de passe", Es: "Contraseña" }
    /// Passkeys, apps, recovery codes.
    security { En: "How you sign in", De: "Anmeldung", Fr: "Connexion", Es: "Inicio de sesión" }
    /// Where somebody is signed in.
    sessions { En: "Devices", De: "Geräte", Fr: "Appareils", Es: "Dispositivos" }
    /// Connected applications.
    apps { En: "Apps", De: "Apps", Fr: "Applications", Es: "Aplicaciones" }
    /// What happened.
    activity { En: "Activity", De: "Aktivität", Fr: "Activité", Es: "Actividad" }
    /// Export and deletion.
    data { En: "Your data", De: "Ihre Daten", Fr: "Vos données", Es: "Sus datos" }

    /// What the profile is, on the overview.
    about_profile { En: "Your name and what apps may know of you", De: "Ihr Name und was Apps über Sie erfahren dürfen", Fr: "Votre nom et ce que les applications peuvent savoir de vous", Es: "Su nombre y lo que las aplicaciones pueden saber de usted" }
    /// What the address is.
    about_email { En: "Where letters reach you, and what you sign in with", De: "Wo E-Mails Sie erreichen und womit Sie sich anmelden", Fr: "Où vous recevez nos e-mails, et votre identifiant", Es: "Dónde recibe los correos y con qué inicia sesión" }
    /// What the password is.
    about_password { En: "Choose another one", De: "Ein anderes wählen", Fr: "En choisir un autre", Es: "Elegir otra" }
    /// What stands on the security page.
    about_security { En: "Passkeys, authenticator app, recovery codes", De: "Passkeys, Authenticator-App, Wiederherstellungscodes", Fr: "Clés d’accès, application d’authentification, codes de secours", Es: "Claves de acceso, aplicación de autenticación, códigos de recuperación" }
    /// What stands on the page of sessions.
    about_sessions { En: "Where you are signed in, and ending it", De: "Wo Sie angemeldet sind, und es beenden", Fr: "Où vous êtes connecté, et y mettre fin", Es: "Dónde tiene la sesión abierta, y cerrarla" }
    /// What stands on the page of apps.
    about_apps { En: "What has access to your account", De: "Was auf Ihr Konto zugreifen darf", Fr: "Ce qui a accès à votre compte", Es: "Qué tiene acceso a su cuenta" }
    /// What stands on the page of events.
    about_activity { En: "Recent sign-ins and changes", De: "Letzte Anmeldungen und Änderungen", Fr: "Connexions et changements récents", Es: "Inicios de sesión y cambios recientes" }
    /// What can be done with one's data.
    about_data { En: "Take a copy with you, or delete your account", De: "Eine Kopie mitnehmen oder das Konto löschen", Fr: "En emporter une copie, ou supprimer votre compte", Es: "Llevarse una copia o eliminar la cuenta" }

    /// Above the button that leads to the sign-in page.
    confirm { En: "To change anything here, confirm that it is you.", De: "Um hier etwas zu ändern, bestätigen Sie, dass Sie es sind.", Fr: "Pour modifier quelque chose ici, confirmez que c’est bien vous.", Es: "Para cambiar algo aquí, confirme que es usted." }
    /// The button.
    sign_in_again { En: "Sign in again", De: "Erneut anmelden", Fr: "Se reconnecter", Es: "Volver a iniciar sesión" }
    /// The way back.
    to_start { En: "Back to the start page", De: "Zurück zur Startseite", Fr: "Retour à l’accueil", Es: "Volver a la página de inicio" }
    /// The way to the overview.
    to_account { En: "Back to your account", De: "Zurück zu Ihrem Konto", Fr: "Retour à votre compte", Es: "Volver a su cuenta" }
    /// The way to the sign-in page.
    to_sign_in { En: "Sign in", De: "Anmelden", Fr: "Se connecter", Es: "Iniciar sesión" }
    /// The way to a new password.
    to_new_password { En: "No letter? Ask for another one", De: "Keine E-Mail? Neuen Link anfordern", Fr: "Pas de message\u{a0}? En demander un autre", Es: "¿No llega? Pedir otro" }
    /// The button that ends the session of this browser.
    sign_out { En: "Sign out", De: "Abmelden", Fr: "Se déconnecter", Es: "Cerrar sesión" }
    /// A button that leaves all as it was.
    cancel { En: "Cancel", De: "Abbrechen", Fr: "Annuler", Es: "Cancelar" }
    /// Why the address cannot be changed here.
    no_mail { En: "This server sends no mail, so the address cannot be changed here.", De: "Dieser Server verschickt keine E-Mails, deshalb kann die Adresse hier nicht geändert werden.", Fr: "Ce serveur n’envoie pas d’e-mails\u{a0}; l’adresse ne peut donc pas être modifiée ici.", Es: "Este servidor no envía correo, así que la dirección no se puede cambiar aquí." }

    /// The password was changed.
    password_changed { En: "Password changed", De: "Passwort geändert", Fr: "Mot de passe modifié", Es: "Contraseña cambiada" }
    /// What followed of it.
    password_changed_lead { En: "Every other sign-in of this account has ended, on all devices, and apps ask you to sign in again.", De: "Jede andere Anmeldung mit diesem Konto ist beendet, auf allen Geräten, und Apps bitten Sie, sich neu anzumelden.", Fr: "Toutes les autres connexions de ce compte ont pris fin, sur tous les appareils, et les applications vous demanderont de vous reconnecter.", Es: "Se han cerrado todas las demás sesiones de esta cuenta, en todos los dispositivos, y las aplicaciones le pedirán que vuelva a iniciar sesión." }
    /// The address was changed.
    email_changed { En: "Address changed", De: "Adresse geändert", Fr: "Adresse modifiée", Es: "Dirección cambiada" }
    /// What it is now.
    email_changed_lead(email: &str) { En: "Your address is {email} from now on. Both addresses have been told.", De: "Ihre Adresse ist ab jetzt {email}. Beide Adressen wurden benachrichtigt.", Fr: "Votre adresse est désormais {email}. Les deux adresses ont été averties.", Es: "Su dirección es ahora {email}. Se ha avisado a ambas direcciones." }
    /// What it is now, where there was none before.
    email_given_lead(email: &str) { En: "Your address is {email} from now on.", De: "Ihre Adresse ist ab jetzt {email}.", Fr: "Votre adresse est désormais {email}.", Es: "Su dirección es ahora {email}." }
    /// The address was proven.
    email_proven { En: "Address confirmed", De: "Adresse bestätigt", Fr: "Adresse confirmée", Es: "Dirección confirmada" }
    /// Which.
    email_proven_lead(email: &str) { En: "It is proven that {email} is yours.", De: "Es ist bewiesen, dass {email} Ihre Adresse ist.", Fr: "Il est prouvé que {email} est à vous.", Es: "Está demostrado que {email} es suya." }
    /// An address was taken back.
    email_undone { En: "Your address is safe", De: "Ihre Adresse ist gesichert", Fr: "Votre adresse est protégée", Es: "Su dirección está a salvo" }
    /// What was done.
    email_undone_lead(email: &str) {
        En: "{email} is the address of this account, every sign-in has ended, and the password, which whoever did this may know, is worth nothing. Look into your mail: a link is on its way with which you choose a new one.",
        De: "{email} ist die Adresse dieses Kontos, alle Anmeldungen sind beendet, und das Passwort, das die Person vielleicht kennt, gilt nicht mehr. Sehen Sie in Ihrem Postfach nach: Ein Link ist unterwegs, mit dem Sie ein neues wählen.",
        Fr: "{email} est l’adresse de ce compte, toutes les connexions ont pris fin, et le mot de passe, que la personne en cause connaît peut-être, ne vaut plus rien. Consultez votre messagerie\u{a0}: un lien pour en choisir un nouveau est en route.",
        Es: "{email} es la dirección de esta cuenta, se han cerrado todas las sesiones y la contraseña, que quizá conozca quien lo hizo, ya no vale. Mire su correo: va de camino un enlace para elegir una nueva.",
    }
    /// What was done to an account that has no password, or where no letters are sent.
    email_back_lead(email: &str) {
        En: "{email} is the address of this account, and every sign-in has ended.", De: "{email} ist die Adresse dieses Kontos, und alle Anmeldungen sind beendet.",
        Fr: "{email} est l’adresse de ce compte, et toutes les connexions ont pris fin.", Es: "{email} es la dirección de esta cuenta y se han cerrado todas las sesiones.",
    }
    /// The account is gone.
    deleted { En: "Account deleted", De: "Konto gelöscht", Fr: "Compte supprimé", Es: "Cuenta eliminada" }
    /// What that means.
    deleted_lead { En: "Your account and what was kept with it are gone. Apps have been told, and may still keep what they stored themselves.", De: "Ihr Konto und was damit gespeichert war, gibt es nicht mehr. Apps wurden benachrichtigt; was sie selbst gespeichert haben, können sie noch haben.", Fr: "Votre compte et ce qui y était conservé n’existent plus. Les applications ont été averties ; elles peuvent encore détenir ce qu’elles ont enregistré elles-mêmes.", Es: "Su cuenta y lo que se guardaba con ella ya no existen. Se ha avisado a las aplicaciones, que aún pueden conservar lo que guardaron por su cuenta." }
}
