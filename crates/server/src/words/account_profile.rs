//! `/account/profile`.

use super::words;

words! {
    /// The words of the profile.
    pub struct AccountProfile;

    /// The heading.
    title { En: "Profile", De: "Profil", Fr: "Profil", Es: "Perfil" }
    /// Who sees it.
    lead { En: "Apps that ask for your profile see this.", De: "Apps, die nach Ihrem Profil fragen, sehen das.", Fr: "Les applications qui demandent votre profil voient ceci.", Es: "Las aplicaciones que piden su perfil ven esto." }
    /// It was kept.
    saved { En: "Saved.", De: "Gespeichert.", Fr: "Enregistré.", Es: "Guardado." }
    /// The button.
    save { En: "Save", De: "Speichern", Fr: "Enregistrer", Es: "Guardar" }
    /// `name`.
    name { En: "Name", De: "Name", Fr: "Nom", Es: "Nombre" }
    /// `given_name`.
    given_name { En: "Given name", De: "Vorname", Fr: "Prénom", Es: "Nombre de pila" }
    /// `family_name`.
    family_name { En: "Family name", De: "Nachname", Fr: "Nom de famille", Es: "Apellidos" }
    /// `nickname`.
    nickname { En: "Nickname", De: "Spitzname", Fr: "Surnom", Es: "Apodo" }
    /// `website`.
    website { En: "Website", De: "Webseite", Fr: "Site web", Es: "Sitio web" }
    /// `picture`.
    picture { En: "Address of a picture", De: "Adresse eines Bildes", Fr: "Adresse d’une photo", Es: "Dirección de una imagen" }
    /// `birthdate`.
    birthdate { En: "Date of birth", De: "Geburtsdatum", Fr: "Date de naissance", Es: "Fecha de nacimiento" }
    /// `zoneinfo`.
    zoneinfo { En: "Time zone", De: "Zeitzone", Fr: "Fuseau horaire", Es: "Zona horaria" }
    /// `locale`.
    locale { En: "Language", De: "Sprache", Fr: "Langue", Es: "Idioma" }
    /// No language of one's own.
    locale_of_browser { En: "As the browser says", De: "Wie der Browser sagt", Fr: "Celle du navigateur", Es: "La del navegador" }
    /// What a web address has to be.
    hint_https { En: "Begins with https://", De: "Beginnt mit https://", Fr: "Commence par https://", Es: "Empieza por https://" }
    /// What a time zone looks like.
    hint_zone { En: "Such as Europe/Vienna", De: "Wie Europe/Vienna", Fr: "Par exemple Europe/Vienna", Es: "Por ejemplo Europe/Vienna" }
    /// What the operator keeps to themselves.
    locked { En: "Your administrator changes this.", De: "Das ändert Ihr Administrator.", Fr: "Votre administrateur s’en charge.", Es: "Esto lo cambia su administrador." }
    /// It is no day on which somebody was born who lives.
    wrong_birthdate(year: u32) { En: "Enter a date of birth that there is, from {year} until today.", De: "Geben Sie ein Geburtsdatum ein, das es gibt, ab {year} bis heute.", Fr: "Saisissez une date de naissance qui existe, de {year} à aujourd’hui.", Es: "Escriba una fecha de nacimiento que exista, desde {year} hasta hoy." }
    /// It is too long, or has signs in it that nobody sees.
    wrong_name(label: &str) { En: "{label}: use at most 200 characters, and none that are invisible.", De: "{label}: Verwenden Sie höchstens 200 Zeichen und keine unsichtbaren.", Fr: "{label}\u{a0}: utilisez 200 caractères au plus, et aucun qui soit invisible.", Es: "{label}: use como máximo 200 caracteres, y ninguno invisible." }
    /// It is no address of the web.
    wrong_address(label: &str) { En: "{label}: enter an address that begins with https://.", De: "{label}: Geben Sie eine Adresse ein, die mit https:// beginnt.", Fr: "{label}\u{a0}: saisissez une adresse qui commence par https://.", Es: "{label}: escriba una dirección que empiece por https://." }
    /// There is no such time zone.
    wrong_zone { En: "There is no time zone of that name. Enter one such as Europe/Vienna.", De: "Eine Zeitzone mit diesem Namen gibt es nicht. Geben Sie eine wie Europe/Vienna ein.", Fr: "Il n’y a pas de fuseau horaire de ce nom. Saisissez-en un comme Europe/Vienna.", Es: "No hay ninguna zona horaria con ese nombre. Escriba una como Europe/Vienna." }
    /// Somebody was faster.
    changed_meanwhile { En: "Your profile was changed in the meantime. This is how it is now.", De: "Ihr Profil wurde inzwischen geändert. So ist es jetzt.", Fr: "Votre profil a été modifié entre-temps. Le voici tel qu’il est.", Es: "Su perfil se ha modificado entretanto. Así está ahora." }
}
