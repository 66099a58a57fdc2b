//! `/account/sessions`.

use super::words;

words! {
    /// The words of the page of sessions and devices.
    pub struct AccountSessions;

    /// The heading.
    title { En: "Where you are signed in", De: "Wo Sie angemeldet sind", Fr: "Où vous êtes connecté", Es: "Dónde tiene la sesión abierta" }
    /// What ending does.
    lead { En: "Ending one signs it out at once, and the apps it was signed in to.", De: "Beenden meldet sofort ab, auch die Apps, die dort angemeldet waren.", Fr: "Mettre fin à une connexion la ferme aussitôt, ainsi que les applications qui en dépendaient.", Es: "Al cerrar una sesión se cierra de inmediato, también en las aplicaciones que dependían de ella." }
    /// Marks the one in which the page is looked at.
    this_one { En: "this browser", De: "dieser Browser", Fr: "ce navigateur", Es: "este navegador" }
    /// A browser that does not say what it is.
    unknown_browser { En: "Unknown browser", De: "Unbekannter Browser", Fr: "Navigateur inconnu", Es: "Navegador desconocido" }
    /// A browser on a system.
    browser_on(browser: &str, system: &str) { En: "{browser} on {system}", De: "{browser} auf {system}", Fr: "{browser} sur {system}", Es: "{browser} en {system}" }
    /// Since when, and when last.
    times(since: &str, seen: &str) { En: "since {since}, last used {seen}", De: "seit dem {since}, zuletzt benutzt am {seen}", Fr: "depuis le {since}, dernière utilisation le {seen}", Es: "desde el {since}, último uso el {seen}" }
    /// From where.
    address(address: &str) { En: "address {address}", De: "Adresse {address}", Fr: "adresse {address}", Es: "dirección {address}" }
    /// Ends one.
    end { En: "Sign out there", De: "Dort abmelden", Fr: "Déconnecter", Es: "Cerrar sesión allí" }
    /// Ends the one in which the page is looked at.
    end_here { En: "Sign out here", De: "Hier abmelden", Fr: "Se déconnecter ici", Es: "Cerrar sesión aquí" }
    /// Ends all the others.
    end_others { En: "Sign out everywhere else", De: "Überall sonst abmelden", Fr: "Se déconnecter partout ailleurs", Es: "Cerrar sesión en todos los demás" }
    /// What that takes along.
    end_others_hint { En: "Ends all other devices, the apps on them, and apps that work without you.", De: "Beendet alle anderen Geräte, die Apps darauf und Apps, die ohne Sie arbeiten.", Fr: "Met fin à tous les autres appareils, à leurs applications et à celles qui travaillent sans vous.", Es: "Cierra todos los demás dispositivos, sus aplicaciones y las que trabajan sin usted." }
    /// How many more there are.
    unlisted(count: usize) { En: "Not listed: {count} more. The button below ends them, too.", De: "Nicht aufgeführt: {count} weitere. Die Schaltfläche unten beendet auch sie.", Fr: "Non affichées\u{a0}: {count} de plus. Le bouton ci-dessous y met fin aussi.", Es: "Sin mostrar: {count} más. El botón de abajo también las cierra." }
    /// There is only one.
    no_others { En: "You are signed in nowhere else.", De: "Sie sind sonst nirgends angemeldet.", Fr: "Vous n’êtes connecté nulle part ailleurs.", Es: "No tiene la sesión abierta en ningún otro sitio." }
    /// The second heading.
    remembered { En: "Remembered browsers", De: "Gemerkte Browser", Fr: "Navigateurs mémorisés", Es: "Navegadores recordados" }
    /// What they are.
    remembered_lead { En: "Here you are not asked for a second step.", De: "Hier werden Sie nicht nach einem zweiten Schritt gefragt.", Fr: "Ici, aucune seconde étape ne vous est demandée.", Es: "Aquí no se le pide un segundo paso." }
    /// Since when, and until when.
    remembered_times(since: &str, until: &str) { En: "since {since}, until {until}", De: "seit dem {since}, bis zum {until}", Fr: "depuis le {since}, jusqu’au {until}", Es: "desde el {since}, hasta el {until}" }
    /// Forgets one.
    forget { En: "Forget", De: "Vergessen", Fr: "Oublier", Es: "Olvidar" }
}
