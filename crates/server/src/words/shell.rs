//! What stands around every page.

use super::words;

words! {
    /// The words around a page.
    pub struct Shell;

    /// Beside the coin, the first half.
    motto { En: "A token broken in two.", De: "Ein Zeichen, in zwei gebrochen.", Fr: "Un jeton brisé en deux.", Es: "Una ficha partida en dos." }
    /// The second half.
    motto_fits { En: "Only the other half fits.", De: "Nur die andere Hälfte passt.", Fr: "Seule l’autre moitié s’y ajuste.", Es: "Solo encaja la otra mitad." }
    /// Stands before the host, so that people compare it with the address bar.
    page_is_at { En: "This page is at", De: "Diese Seite liegt auf", Fr: "Cette page se trouve sur", Es: "Esta página está en" }
    /// Names the choice of a language, for who does not see it.
    language { En: "Language", De: "Sprache", Fr: "Langue", Es: "Idioma" }
    /// Marks a development server.
    development { En: "development", De: "Entwicklung", Fr: "développement", Es: "desarrollo" }
}
