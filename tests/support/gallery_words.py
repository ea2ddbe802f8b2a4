"""What the gallery says, in Spanish and Arabic as officers write; French and English read the same invented matters."""

from __future__ import annotations

from typing import Any, Final

from django.utils.html import format_html

from tansiq.web.markup import reference

__all__ = ["WORDS"]

_ES: Final[dict[str, Any]] = {
    "agency": "Comisaría General de Información", "post": "Mesa de lucha antiterrorista · Madrid", "mark": "CG", "place": "Madrid",
    "desk": "Mesa", "lead_start": "Siete asuntos esperan.", "lead_late": "Uno ha vencido", "lead_end": ", dos vencen hoy.",
    "rows": [
        ("Titular de un número de teléfono", ("de Rabat, DGST", "aclaración pedida"), "8 h · urgente"),
        ("¿Conocen a esta persona y saben dónde está?", ("de Rabat, DGST", "respuesta parcial"), "8 h · urgente"),
        ("Vehículo visto en Algeciras", ("enlace en Tánger", format_html("expediente {}", reference("26-0417"))), "3 días"),
        ("Persona desaparecida, 16 años", ("aviso amarillo", "de la OCN Rabat"), "7 días"),
        ("Evaluación trimestral: rutas del Estrecho", ("informe estratégico", "para leer"), ""),
    ],
    "question": "¿Conocen a esta persona y saben dónde está?", "enquiry": "Consulta", "from": "de Rabat",
    "facts": [("Fin", "Prevenir un atentado; delito de pertenencia"), ("Base", "Convenio 2019, art. 4 · garantía dada"),
              ("Urgencia", "Peligro para la vida"), ("Motivo", "Vivió en Ceuta hasta 2024")],
    "stops": ["Mesa de Rabat", "Oficina en la Embajada", "Madrid"], "register": "En nuestro registro, para que usted decida",
    "match_facts": "n. 1994, Ceuta · un solo parecido", "year": "año ± 1", "proof": "Firmado, recibido y asentado en ambos diarios",
    "proof_facts": [("Acuse de recibo", "hoy 04:53"), ("Diario de Rabat", "asiento 1 204"), ("Diario de Madrid", "asiento 1 198")],
    "waits": "Enviado; se espera el acuse de recibo", "broken": "La firma no se sostiene",
    "answer": "Responder", "clarify": "Pedir aclaración", "refuse": "Denegar", "compose": "¿Qué quiere preguntar a Rabat?",
    "compose_lead": "Lo que se elige de una lista se lee al otro lado en su propia lengua.", "send": "Revisar antes de enviar", "parts": "Componentes",
    "condition": "No comunicar a la embajada del país de nacimiento.", "channels_with": "Canales con Marruecos",
    "channels": ["INTERPOL", "Oficina en la Embajada", "Oficial de enlace", "Directo"], "suspended": "suspendido",
    "mixed": "Según la nota, «محمد بنعلي (1994)» pasó por Ceuta el 12/03/2026.",
}  # fmt: skip
_AR: Final[dict[str, Any]] = {
    "agency": "المديرية العامة لمراقبة التراب الوطني", "post": "مكتب مكافحة الإرهاب · الرباط", "mark": "م", "place": "الرباط",
    "desk": "المكتب", "lead_start": "سبع مسائل في الانتظار.", "lead_late": "واحدة تجاوزت أجلها", "lead_end": "، واثنتان أجلهما اليوم.",
    "rows": [
        ("صاحب رقم هاتف", ("من مدريد", "طُلب توضيح"), "8 ساعات · عاجل"),
        ("هل تعرفون هذا الشخص وأين هو؟", ("من مدريد", "جواب جزئي"), "8 ساعات · عاجل"),
        ("سيارة شوهدت في الجزيرة الخضراء", ("ضابط الاتصال بطنجة", format_html("الملف {}", reference("26-0417"))), "3 أيام"),
        ("شخص مفقود، 16 سنة", ("نشرة صفراء", "من المكتب المركزي بمدريد"), "7 أيام"),
        ("تقييم فصلي: مسالك المضيق", ("تقرير استراتيجي", "للاطلاع"), ""),
    ],
    "question": "هل تعرفون هذا الشخص وأين هو؟", "enquiry": "الطلب", "from": "من مدريد",
    "facts": [("الغرض", "منع اعتداء؛ جريمة الانتماء"), ("الأساس", "اتفاقية 2019، المادة 4 · الضمان مقدَّم"),
              ("الاستعجال", "خطر على الحياة"), ("السبب", "أقام بسبتة حتى 2024")],
    "stops": ["مدريد", "المكتب بالسفارة", "الرباط"], "register": "في سجلنا، والقرار لكم",
    "match_facts": "مولود 1994، سبتة · شبيه واحد", "year": "السنة ± 1", "proof": "موقَّع ومستلَم ومقيَّد في الدفترين",
    "proof_facts": [("إشعار بالاستلام", "اليوم 03:53"), ("دفتر الرباط", "القيد 1204"), ("دفتر مدريد", "القيد 1198")],
    "waits": "أُرسل، وإشعار الاستلام منتظَر", "broken": "التوقيع غير صحيح",
    "answer": "جواب", "clarify": "طلب توضيح", "refuse": "رفض", "compose": "ما الذي تريدون سؤال مدريد عنه؟",
    "compose_lead": "ما يُختار من قائمة يُقرأ في الجهة الأخرى بلغتها.", "send": "مراجعة قبل الإرسال", "parts": "المكوّنات",
    "condition": "لا يُبلَّغ إلى سفارة بلد الولادة.", "channels_with": "القنوات مع إسبانيا",
    "channels": ["الإنتربول", "المكتب بالسفارة", "ضابط الاتصال", "مباشرة"], "suspended": "معلّقة",
    "mixed": "وفق المذكرة، مرّ «Mohamed Ben Ali (1994)» بسبتة يوم 12/03/2026.",
}  # fmt: skip
WORDS: Final[dict[str, dict[str, Any]]] = {"es": _ES, "ar": _AR, "fr": _ES, "en": _ES}
