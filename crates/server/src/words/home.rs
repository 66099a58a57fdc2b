//! What the start page says, and the pages on the way out: of a session, and back to an application.

use super::words;

words! {
    /// The words of these pages.
    pub struct Home;

    /// A greeting.
    hello(name: &str) { En: "Hello, {name}", De: "Guten Tag, {name}", Fr: "Bonjour, {name}", Es: "Hola, {name}" }
    /// Where and as whom.
    signed_in_at(host: &str, account: &str) {
        En: "You are signed in at {host} as {account}.", De: "Sie sind bei {host} als {account} angemeldet.",
        Fr: "Vous êtes connecté à {host} en tant que {account}.", Es: "Ha iniciado sesión en {host} como {account}.",
    }
    /// A link.
    your_account { En: "Your account", De: "Ihr Konto", Fr: "Votre compte", Es: "Su cuenta" }
    /// A link.
    asked_elsewhere { En: "What apps ask you from elsewhere", De: "Was Apps Sie von anderswo fragen", Fr: "Ce que des applications vous demandent d’ailleurs", Es: "Lo que las aplicaciones le preguntan desde otro lugar" }
    /// A title.
    is_running { En: "Symbolon is running", De: "Symbolon läuft", Fr: "Symbolon fonctionne", Es: "Symbolon está en marcha" }
    /// What is missing.
    one_step_left { En: "One step is left: the first administrator.", De: "Ein Schritt fehlt: das erste Administratorkonto.", Fr: "Il reste une étape\u{a0}: le premier administrateur.", Es: "Falta un paso: el primer administrador." }
    /// What to do, before a command.
    open_link { En: "Open the set-up link that the server printed in its terminal. It works once; this prints a new one:", De: "Öffnen Sie den Einrichtungslink, den der Server im Terminal ausgegeben hat. Er gilt einmal; so wird ein neuer ausgegeben:", Fr: "Ouvrez le lien de configuration que le serveur a affiché dans son terminal. Il fonctionne une fois\u{a0}; ceci en affiche un nouveau\u{a0}:", Es: "Abra el enlace de configuración que el servidor mostró en su terminal. Funciona una vez; esto muestra uno nuevo:" }
    /// A title.
    service { En: "Sign-in service", De: "Anmeldedienst", Fr: "Service de connexion", Es: "Servicio de inicio de sesión" }
    /// What it is for.
    apps_send(host: &str) {
        En: "Apps send you to {host} to sign in. To use one of them, start from the app.", De: "Apps schicken Sie zur Anmeldung zu {host}. Um eine zu verwenden, fangen Sie bei der App an.",
        Fr: "Les applications vous envoient vers {host} pour vous connecter. Pour en utiliser une, partez de l’application.", Es: "Las aplicaciones le envían a {host} para iniciar sesión. Para usar una, empiece desde la aplicación.",
    }
    /// A button.
    sign_in_here { En: "Sign in here", De: "Hier anmelden", Fr: "Se connecter ici", Es: "Iniciar sesión aquí" }
    /// A heading.
    apps { En: "Apps", De: "Apps", Fr: "Applications", Es: "Aplicaciones" }
    /// A heading.
    sample { En: "Sample", De: "Beispiel", Fr: "Exemple", Es: "Ejemplo" }
    /// A link.
    dragons_app { En: "The dragons app", De: "Die Drachen-App", Fr: "L’application des dragons", Es: "La aplicación de dragones" }
    /// What it does, behind its host.
    app_does { En: "signs in, calls the API, signs out", De: "meldet an, ruft die API auf, meldet ab", Fr: "connecte, appelle l’API, déconnecte", Es: "inicia sesión, llama a la API, cierra sesión" }
    /// A link.
    guarded_api { En: "Its guarded API", De: "Ihre geschützte API", Fr: "Son API protégée", Es: "Su API protegida" }
    /// What it does, behind its address.
    api_does { En: "answers 401 without a token", De: "antwortet ohne Token mit 401", Fr: "répond 401 sans jeton", Es: "responde 401 sin token" }
    /// A heading.
    for_developers { En: "For developers", De: "Für Entwickler", Fr: "Pour les développeurs", Es: "Para desarrolladores" }
    /// A link.
    discovery { En: "Discovery document", De: "Discovery-Dokument", Fr: "Document de découverte", Es: "Documento de descubrimiento" }
    /// What it is.
    discovery_is { En: "everything a client library needs to know", De: "alles, was eine Client-Bibliothek wissen muss", Fr: "tout ce qu’une bibliothèque cliente doit savoir", Es: "todo lo que una biblioteca cliente necesita saber" }
    /// A link.
    keys { En: "Signing keys", De: "Signaturschlüssel", Fr: "Clés de signature", Es: "Claves de firma" }
    /// What they are.
    keys_are { En: "what APIs check tokens with", De: "womit APIs Token prüfen", Fr: "ce avec quoi les API vérifient les jetons", Es: "con lo que las API comprueban los tokens" }
    /// Before the issuer.
    issuer { En: "Issuer:", De: "Issuer:", Fr: "Émetteur\u{a0}:", Es: "Emisor:" }

    /// A button.
    sign_out { En: "Sign out", De: "Abmelden", Fr: "Se déconnecter", Es: "Cerrar sesión" }
    /// A title.
    sign_out_question { En: "Sign out?", De: "Abmelden?", Fr: "Se déconnecter\u{a0}?", Es: "¿Cerrar sesión?" }
    /// Who asks.
    asks_to_sign_out(client: &str, host: &str) {
        En: "{client} asks to sign you out of {host}.", De: "{client} möchte Sie bei {host} abmelden.", Fr: "{client} demande à vous déconnecter de {host}.", Es: "{client} pide cerrar su sesión en {host}.",
    }
    /// The same everywhere.
    asks_to_sign_out_everywhere(client: &str, host: &str) {
        En: "{client} asks to sign you out of {host}, on all your devices.", De: "{client} möchte Sie bei {host} abmelden, auf all Ihren Geräten.",
        Fr: "{client} demande à vous déconnecter de {host}, sur tous vos appareils.", Es: "{client} pide cerrar su sesión en {host}, en todos sus dispositivos.",
    }
    /// Nobody asks.
    about_to_sign_out(host: &str) {
        En: "You are about to sign out of {host}.", De: "Sie sind dabei, sich bei {host} abzumelden.", Fr: "Vous êtes sur le point de vous déconnecter de {host}.", Es: "Está a punto de cerrar su sesión en {host}.",
    }
    /// The same everywhere.
    about_to_sign_out_everywhere(host: &str) {
        En: "You are about to sign out of {host}, on all your devices.", De: "Sie sind dabei, sich bei {host} abzumelden, auf all Ihren Geräten.",
        Fr: "Vous êtes sur le point de vous déconnecter de {host}, sur tous vos appareils.", Es: "Está a punto de cerrar su sesión en {host}, en todos sus dispositivos.",
    }
    /// What ends.
    ends_everywhere {
        En: "It ends for every application, here and wherever else you are signed in.", De: "Das gilt für jede Anwendung, hier und wo Sie sonst angemeldet sind.",
        Fr: "Cela vaut pour toutes les applications, ici et partout où vous êtes connecté.", Es: "Vale para todas las aplicaciones, aquí y dondequiera que haya iniciado sesión.",
    }
    /// What ends, around the applications' names.
    ends_for around {
        En: ("It ends for ", ", too, except what you allowed to go on while you are away."), De: ("Das gilt auch für ", ", außer für das, was Sie in Ihrer Abwesenheit erlaubt haben."),
        Fr: ("Cela vaut aussi pour ", ", sauf ce que vous avez autorisé à continuer en votre absence."), Es: ("Vale también para ", ", salvo lo que permitió que siguiera en su ausencia."),
    }
    /// A button.
    stay { En: "Stay signed in", De: "Angemeldet bleiben", Fr: "Rester connecté", Es: "Mantener la sesión" }
    /// A title.
    signed_out { En: "Signed out", De: "Abgemeldet", Fr: "Déconnecté", Es: "Sesión cerrada" }
    /// A heading.
    you_are_signed_out { En: "You are signed out", De: "Sie sind abgemeldet", Fr: "Vous êtes déconnecté", Es: "Ha cerrado la sesión" }
    /// What that means.
    session_ended(host: &str) {
        En: "Your session at {host} has ended. On a shared computer, close the browser as well.", De: "Ihre Sitzung bei {host} ist beendet. Schließen Sie auf einem gemeinsam genutzten Computer auch den Browser.",
        Fr: "Votre session sur {host} a pris fin. Sur un ordinateur partagé, fermez aussi le navigateur.", Es: "Su sesión en {host} ha terminado. En un ordenador compartido, cierre también el navegador.",
    }
    /// Who is told, before its name.
    app_told { En: "This app is signing you out, too:", De: "Diese App meldet Sie ebenfalls ab:", Fr: "Cette application vous déconnecte aussi\u{a0}:", Es: "Esta aplicación también cierra su sesión:" }
    /// Who is told, before their names.
    apps_told { En: "These apps are signing you out, too:", De: "Diese Apps melden Sie ebenfalls ab:", Fr: "Ces applications vous déconnectent aussi\u{a0}:", Es: "Estas aplicaciones también cierran su sesión:" }
    /// A frame's title.
    signing_out_of(client: &str) { En: "Signing out of {client}", De: "Abmeldung von {client}", Fr: "Déconnexion de {client}", Es: "Cierre de sesión en {client}" }
    /// What lives on.
    lives_on(until: &str) {
        En: "Services that follow sign-outs refuse you from now on. One that does not may accept what it was given until {until}.",
        De: "Dienste, die Abmeldungen verfolgen, weisen Sie ab jetzt ab. Einer, der es nicht tut, nimmt vielleicht noch an, was er bekommen hat, bis: {until}.",
        Fr: "Les services qui suivent les déconnexions vous refusent désormais. Un service qui ne le fait pas peut accepter ce qu’il a reçu jusqu’à\u{a0}: {until}.",
        Es: "Los servicios que siguen los cierres de sesión le rechazan desde ahora. Uno que no lo haga puede aceptar lo que recibió hasta: {until}.",
    }
    /// A button.
    continue_to(name: &str) { En: "Continue to {name}", De: "Weiter zu {name}", Fr: "Continuer vers {name}", Es: "Continuar a {name}" }
    /// A button.
    return_to(name: &str) { En: "Return to {name}", De: "Zurück zu {name}", Fr: "Revenir à {name}", Es: "Volver a {name}" }
    /// A title.
    returning_to(name: &str) { En: "Returning to {name}", De: "Zurück zu {name}", Fr: "Retour à {name}", Es: "Volviendo a {name}" }
    /// While it happens.
    one_moment { En: "One moment.", De: "Einen Moment.", Fr: "Un instant.", Es: "Un momento." }
    /// While it happens, in a window of its own.
    window_hands(client: &str) {
        En: "This window hands an answer to {client}. If it stays open, close it.", De: "Dieses Fenster übergibt {client} eine Antwort. Wenn es offen bleibt, schließen Sie es.",
        Fr: "Cette fenêtre transmet une réponse à {client}. Si elle reste ouverte, fermez-la.", Es: "Esta ventana entrega una respuesta a {client}. Si sigue abierta, ciérrela.",
    }
    /// Without script.
    needs_script { En: "This way of signing in needs JavaScript, and it is switched off in this browser.", De: "Diese Art der Anmeldung braucht JavaScript, und es ist in diesem Browser ausgeschaltet.", Fr: "Cette façon de se connecter a besoin de JavaScript, qui est désactivé dans ce navigateur.", Es: "Esta forma de iniciar sesión necesita JavaScript, y está desactivado en este navegador." }
}
