//! `/account/apps`.

use super::words;

words! {
    /// The words of the page of connected applications.
    pub struct AccountApps;

    /// The heading.
    title { En: "Apps with access", De: "Apps mit Zugriff", Fr: "Applications ayant accès", Es: "Aplicaciones con acceso" }
    /// What taking it away does.
    lead { En: "An app whose access you take away is signed out at once.", De: "Eine App, der Sie den Zugriff entziehen, ist sofort abgemeldet.", Fr: "Une application à laquelle vous retirez l’accès est aussitôt déconnectée.", Es: "La aplicación a la que retire el acceso queda desconectada de inmediato." }
    /// There is none.
    none { En: "No app has access to your account.", De: "Keine App hat Zugriff auf Ihr Konto.", Fr: "Aucune application n’a accès à votre compte.", Es: "Ninguna aplicación tiene acceso a su cuenta." }
    /// Since when.
    since(since: &str) { En: "since {since}", De: "seit dem {since}", Fr: "depuis le {since}", Es: "desde el {since}" }
    /// When last.
    used(used: &str) { En: "last used {used}", De: "zuletzt benutzt am {used}", Fr: "dernière utilisation le {used}", Es: "último uso el {used}" }
    /// It goes on without its person.
    offline { En: "works also while you are away", De: "arbeitet auch, wenn Sie nicht da sind", Fr: "fonctionne aussi en votre absence", Es: "funciona también en su ausencia" }
    /// Before the list of what it may.
    may { En: "What it gets:", De: "Was sie bekommt:", Fr: "Ce qu’elle obtient :", Es: "Lo que obtiene:" }
    /// It may do nothing but know who somebody is.
    only_sign_in { En: "It knows who you are, nothing else.", De: "Sie weiß, wer Sie sind, sonst nichts.", Fr: "Elle sait qui vous êtes, rien de plus.", Es: "Sabe quién es usted, nada más." }
    /// The button.
    revoke { En: "Take access away", De: "Zugriff entziehen", Fr: "Retirer l’accès", Es: "Retirar el acceso" }
    /// How many more there are.
    unlisted(count: usize) { En: "Not listed: {count} more, used longer ago. They appear as you take access away from others.", De: "Nicht aufgeführt: {count} weitere, länger nicht benutzt. Sie erscheinen, wenn Sie anderen den Zugriff entziehen.", Fr: "Non affichées\u{a0}: {count} de plus, moins récentes. Elles apparaissent quand vous retirez l’accès à d’autres.", Es: "Sin mostrar: {count} más, menos recientes. Aparecen al retirar el acceso a otras." }
    /// A client that is no longer registered.
    gone { En: "An app that is not registered any more", De: "Eine App, die nicht mehr registriert ist", Fr: "Une application qui n’est plus enregistrée", Es: "Una aplicación que ya no está registrada" }
}
