//! What the pages say on which a person answers a device, or a client that asks over the back channel, and what they say afterwards.

use super::words;

words! {
    /// The words of these pages.
    pub struct Elsewhere;

    /// A title.
    connect_device { En: "Connect a device", De: "Gerät verbinden", Fr: "Connecter un appareil", Es: "Conectar un dispositivo" }
    /// What to do.
    enter_code { En: "Enter the code that the device shows you.", De: "Geben Sie den Code ein, den das Gerät Ihnen zeigt.", Fr: "Saisissez le code que l’appareil affiche.", Es: "Escriba el código que muestra el dispositivo." }
    /// What to do, where the code is there.
    go_on_if_same {
        En: "Go on if the device in front of you shows this code.", De: "Machen Sie weiter, wenn das Gerät vor Ihnen diesen Code zeigt.",
        Fr: "Continuez si l’appareil devant vous affiche ce code.", Es: "Continúe si el dispositivo que tiene delante muestra este código.",
    }
    /// What was typed is no code.
    not_a_code {
        En: "A code has eight letters, such as WDJB-MJHT, and no digits. Look at the device again.",
        De: "Ein Code hat acht Buchstaben, etwa WDJB-MJHT, und keine Ziffern. Sehen Sie noch einmal auf das Gerät.",
        Fr: "Un code a huit lettres, comme WDJB-MJHT, et aucun chiffre. Regardez de nouveau l’appareil.",
        Es: "Un código tiene ocho letras, como WDJB-MJHT, y ningún número. Mire de nuevo el dispositivo.",
    }
    /// Slowed down.
    too_many_codes(time: &str) {
        En: "Too many codes that were not right. Try again in {time}.", De: "Zu viele falsche Codes. Versuchen Sie es in {time} noch einmal.",
        Fr: "Trop de codes incorrects. Réessayez dans {time}.", Es: "Demasiados códigos incorrectos. Inténtelo de nuevo en {time}.",
    }
    /// Nobody waits with it.
    unknown_code {
        En: "No device waits with this code. A code works for ten minutes and for one answer: the device can show you a new one.",
        De: "Kein Gerät wartet mit diesem Code. Ein Code gilt zehn Minuten und für eine Antwort: Das Gerät kann Ihnen einen neuen zeigen.",
        Fr: "Aucun appareil n’attend avec ce code. Un code vaut dix minutes et pour une réponse\u{a0}: l’appareil peut en afficher un nouveau.",
        Es: "Ningún dispositivo espera con este código. Un código vale diez minutos y para una respuesta: el dispositivo puede mostrarle uno nuevo.",
    }
    /// A warning.
    sent_by_somebody {
        En: "Did somebody send you the code, or ask you to enter it here? Then it is their device, and it would get into your account. Close this page.",
        De: "Hat Ihnen jemand den Code geschickt oder Sie gebeten, ihn hier einzugeben? Dann ist es dessen Gerät, und es käme in Ihr Konto. Schließen Sie diese Seite.",
        Fr: "Quelqu’un vous a envoyé le code, ou demandé de le saisir ici\u{a0}? Alors c’est son appareil, et il entrerait dans votre compte. Fermez cette page.",
        Es: "¿Alguien le envió el código o le pidió que lo escribiera aquí? Entonces es su dispositivo, y entraría en la cuenta de usted. Cierre esta página.",
    }
    /// A title.
    your_device { En: "Is this your device?", De: "Ist das Ihr Gerät?", Fr: "Est-ce votre appareil\u{a0}?", Es: "¿Es este su dispositivo?" }
    /// Where the client is.
    on_another_device { En: "on another device", De: "auf einem anderen Gerät", Fr: "sur un autre appareil", Es: "en otro dispositivo" }
    /// What would happen.
    device_gets_in around {
        En: ("", " on the device that shows this code would get into your account."), De: ("", " auf dem Gerät, das diesen Code zeigt, käme in Ihr Konto."),
        Fr: ("", " sur l’appareil qui affiche ce code entrerait dans votre compte."), Es: ("", ", en el dispositivo que muestra este código, entraría en su cuenta."),
    }
    /// Allowed without looking.
    compare_code {
        En: "Compare the code with the one on your device first, and tick the box if it is the same.",
        De: "Vergleichen Sie zuerst den Code mit dem auf Ihrem Gerät, und setzen Sie das Häkchen, wenn es derselbe ist.",
        Fr: "Comparez d’abord le code avec celui de votre appareil, et cochez la case s’il est identique.",
        Es: "Compare primero el código con el de su dispositivo y marque la casilla si es el mismo.",
    }
    /// A label.
    asked { En: "Asked", De: "Gefragt", Fr: "Demandé", Es: "Pedido" }
    /// A label.
    from_address { En: "From the address", De: "Von der Adresse", Fr: "Depuis l’adresse", Es: "Desde la dirección" }
    /// Behind the address.
    same_as_yours { En: ", the same as yours now", De: ", dieselbe wie Ihre jetzt", Fr: ", la même que la vôtre actuellement", Es: ", la misma que la suya ahora" }
    /// Behind the address.
    not_yours { En: ", which is not yours now", De: ", die jetzt nicht Ihre ist", Fr: ", qui n’est pas la vôtre actuellement", Es: ", que no es la suya ahora" }
    /// A label.
    calls_itself { En: "Calls itself", De: "Nennt sich", Fr: "Se présente comme", Es: "Se presenta como" }
    /// A warning.
    only_your_device {
        En: "Only if you started this yourself, just now, on a device in front of you. If somebody sent you the code or a link, or asked you to enter it, do not allow it: nobody here will ever ask you to.",
        De: "Nur wenn Sie das gerade selbst begonnen haben, auf einem Gerät vor Ihnen. Wenn jemand Ihnen den Code oder einen Link geschickt oder Sie gebeten hat, ihn einzugeben, erlauben Sie es nicht: Von uns wird Sie nie jemand darum bitten.",
        Fr: "Seulement si vous avez commencé cela vous-même, à l’instant, sur un appareil devant vous. Si quelqu’un vous a envoyé le code ou un lien, ou demandé de le saisir, n’autorisez pas\u{a0}: personne ici ne vous le demandera jamais.",
        Es: "Solo si lo empezó usted mismo, ahora, en un dispositivo que tiene delante. Si alguien le envió el código o un enlace, o le pidió que lo escribiera, no lo permita: nadie de aquí se lo pedirá nunca.",
    }
    /// A box to tick.
    device_shows(code: &str) { En: "My device shows {code}", De: "Mein Gerät zeigt {code}", Fr: "Mon appareil affiche {code}", Es: "Mi dispositivo muestra {code}" }

    /// A title.
    nothing_waits { En: "Nothing waits for you", De: "Nichts wartet auf Sie", Fr: "Rien ne vous attend", Es: "No hay nada pendiente" }
    /// A title.
    somebody_asks { En: "Somebody asks for you", De: "Jemand fragt nach Ihnen", Fr: "Quelqu’un vous demande", Es: "Alguien pregunta por usted" }
    /// What waits comes here.
    found_here {
        En: "When an app asks for you from elsewhere, you find its question here. Load this page again to look.",
        De: "Wenn eine App von anderswo nach Ihnen fragt, finden Sie ihre Frage hier. Laden Sie diese Seite neu, um nachzusehen.",
        Fr: "Quand une application vous demande depuis un autre endroit, vous trouvez sa question ici. Rechargez cette page pour regarder.",
        Es: "Cuando una aplicación pregunte por usted desde otro lugar, encontrará aquí su pregunta. Vuelva a cargar esta página para mirar.",
    }
    /// A button.
    look_again { En: "Look again", De: "Noch einmal nachsehen", Fr: "Regarder de nouveau", Es: "Mirar de nuevo" }
    /// A warning.
    only_your_own {
        En: "Allow only what you started yourself, just now. If somebody called you, or sent you here, do not allow it: nobody here will ever ask you to.",
        De: "Erlauben Sie nur, was Sie gerade selbst begonnen haben. Wenn jemand Sie angerufen oder hierher geschickt hat, erlauben Sie es nicht: Von uns wird Sie nie jemand darum bitten.",
        Fr: "N’autorisez que ce que vous avez commencé vous-même, à l’instant. Si quelqu’un vous a appelé ou envoyé ici, n’autorisez pas\u{a0}: personne ici ne vous le demandera jamais.",
        Es: "Permita solo lo que empezó usted mismo, ahora. Si alguien le llamó o le envió aquí, no lo permita: nadie de aquí se lo pedirá nunca.",
    }
    /// Where the client is.
    elsewhere { En: "elsewhere", De: "anderswo", Fr: "ailleurs", Es: "en otro lugar" }
    /// What would happen.
    gets_in around {
        En: ("", " would get into your account."), De: ("", " käme in Ihr Konto."), Fr: ("", " entrerait dans votre compte."), Es: ("", " entraría en su cuenta."),
    }
    /// Allowed without looking.
    compare_message {
        En: "Compare the message with the one you see there first, and tick the box if it is the same.",
        De: "Vergleichen Sie zuerst die Nachricht mit der, die Sie dort sehen, und setzen Sie das Häkchen, wenn es dieselbe ist.",
        Fr: "Comparez d’abord le message avec celui que vous voyez là-bas, et cochez la case s’il est identique.",
        Es: "Compare primero el mensaje con el que ve allí y marque la casilla si es el mismo.",
    }
    /// Answered too late.
    request_over {
        En: "That request is over: it was answered before, or too much time has passed.", De: "Diese Anfrage ist vorbei: Sie wurde schon beantwortet, oder es ist zu viel Zeit vergangen.",
        Fr: "Cette demande est terminée\u{a0}: elle a déjà reçu une réponse, ou trop de temps a passé.", Es: "Esa petición ha terminado: ya se respondió o pasó demasiado tiempo.",
    }
    /// A box to tick.
    same_message(message: &str) { En: "I see the same message there: {message}", De: "Ich sehe dort dieselbe Nachricht: {message}", Fr: "Je vois là-bas le même message\u{a0}: {message}", Es: "Allí veo el mismo mensaje: {message}" }

    /// A title.
    allowed { En: "Allowed", De: "Erlaubt", Fr: "Autorisé", Es: "Permitido" }
    /// A title.
    not_allowed { En: "Not allowed", De: "Nicht erlaubt", Fr: "Non autorisé", Es: "No permitido" }
    /// A title.
    not_enough { En: "Not enough", De: "Nicht genug", Fr: "Pas suffisant", Es: "No es suficiente" }
    /// A title.
    device_connected { En: "Device connected", De: "Gerät verbunden", Fr: "Appareil connecté", Es: "Dispositivo conectado" }
    /// What happens now.
    goes_on around {
        En: ("", " goes on by itself. You can close this page."), De: ("", " macht von selbst weiter. Sie können diese Seite schließen."),
        Fr: ("", " continue d’elle-même. Vous pouvez fermer cette page."), Es: ("", " sigue por sí sola. Puede cerrar esta página."),
    }
    /// What happens now.
    goes_on_soon around {
        En: ("", " goes on by itself in a few seconds. You can close this page."), De: ("", " macht in einigen Sekunden von selbst weiter. Sie können diese Seite schließen."),
        Fr: ("", " continue d’elle-même dans quelques secondes. Vous pouvez fermer cette page."), Es: ("", " sigue por sí sola en unos segundos. Puede cerrar esta página."),
    }
    /// A warning.
    not_you_end {
        En: "If you did not start this yourself, tell your administrator, who can end its access.", De: "Wenn Sie das nicht selbst begonnen haben, sagen Sie es Ihrer Administration, die den Zugriff beenden kann.",
        Fr: "Si vous n’avez pas commencé cela vous-même, dites-le à votre administrateur, qui peut mettre fin à cet accès.", Es: "Si no lo empezó usted, dígaselo a su administrador, que puede terminar el acceso.",
    }
    /// A link.
    what_else { En: "See what else waits for you", De: "Sehen, was sonst auf Sie wartet", Fr: "Voir ce qui vous attend encore", Es: "Ver qué más está pendiente" }
    /// What happened.
    asks_stronger around {
        En: ("", " asks for a stronger sign-in than yours, and got no access."), De: ("", " verlangt eine stärkere Anmeldung als Ihre und bekam keinen Zugriff."),
        Fr: ("", " demande une connexion plus forte que la vôtre et n’a pas obtenu d’accès."), Es: ("", " pide un inicio de sesión más fuerte que el suyo y no obtuvo acceso."),
    }
    /// What to do.
    sign_in_stronger {
        En: "You have done nothing wrong. Ask your administrator how to sign in more strongly.", De: "Sie haben nichts falsch gemacht. Fragen Sie Ihre Administration, wie Sie sich stärker anmelden.",
        Fr: "Vous n’avez rien fait de mal. Demandez à votre administrateur comment vous connecter plus fortement.", Es: "No hizo nada mal. Pregunte a su administrador cómo iniciar sesión con más seguridad.",
    }
    /// What happened.
    got_no_access around {
        En: ("", " got no access."), De: ("", " bekam keinen Zugriff."), Fr: ("", " n’a pas obtenu d’accès."), Es: ("", " no obtuvo acceso."),
    }
    /// A warning.
    not_you_asked {
        En: "If you did not start this yourself, tell your administrator that somebody asked in your name.", De: "Wenn Sie das nicht selbst begonnen haben, sagen Sie Ihrer Administration, dass jemand in Ihrem Namen gefragt hat.",
        Fr: "Si vous n’avez pas commencé cela vous-même, dites à votre administrateur que quelqu’un a demandé en votre nom.", Es: "Si no lo empezó usted, diga a su administrador que alguien preguntó en su nombre.",
    }
    /// A warning.
    not_seen_there {
        En: "If you do not see it there, somebody else’s device may have been connected: tell your administrator, who can end its access.",
        De: "Wenn Sie dort nichts davon sehen, wurde vielleicht das Gerät von jemand anderem verbunden: Sagen Sie es Ihrer Administration, die den Zugriff beenden kann.",
        Fr: "Si vous ne le voyez pas là-bas, l’appareil de quelqu’un d’autre a peut-être été connecté\u{a0}: dites-le à votre administrateur, qui peut mettre fin à cet accès.",
        Es: "Si no lo ve allí, puede que se haya conectado el dispositivo de otra persona: dígaselo a su administrador, que puede terminar el acceso.",
    }
    /// What happened.
    code_worthless around {
        En: ("", " got no access, and the code is worth nothing any more."), De: ("", " bekam keinen Zugriff, und der Code ist nichts mehr wert."),
        Fr: ("", " n’a pas obtenu d’accès, et le code ne vaut plus rien."), Es: ("", " no obtuvo acceso, y el código ya no vale nada."),
    }
    /// A warning.
    sent_you_code {
        En: "If somebody sent you that code, or asked you to enter it, tell your administrator.", De: "Wenn Ihnen jemand diesen Code geschickt oder Sie gebeten hat, ihn einzugeben, sagen Sie es Ihrer Administration.",
        Fr: "Si quelqu’un vous a envoyé ce code, ou demandé de le saisir, dites-le à votre administrateur.", Es: "Si alguien le envió ese código o le pidió que lo escribiera, dígaselo a su administrador.",
    }
}
