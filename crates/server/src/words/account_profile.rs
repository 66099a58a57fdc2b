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
    /// Something does not fit.
    wrong(label: &str) { En: "{label} is not written as it has to be.", De: "{label} ist nicht so geschrieben, wie es sein muss.", Fr: "{label} : la forme ne convient pas.", Es: "{label} no está escrito como debe." }
    /// Somebody was faster.
    changed_meanwhile { En: "Your profile was changed in the meantime. This is how it is now.", De: "Ihr Profil wurde inzwischen geändert. So ist es jetzt.", Fr: "Votre profil a été modifié entre-temps. Le voici tel qu’il est.", Es: "Su perfil se ha modificado entretanto. Así está ahora." }
}
