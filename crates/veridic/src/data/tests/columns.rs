// One small column at a time: how it is spelled, what it is, and whether it comes back as it was.

use super::*;

/// A column's name, its cells between bars, and the kind it has; every cell comes back as it was.
const COMES_BACK: &[(&str, &str, &str)] = &[
    // Whole numbers.
    ("x", "3|-7|12", "integer"),
    ("x", "3||12", "integer"),
    ("load", "10|13|16|19", "integer"),
    ("x", "9007199254740992|1", "integer"),
    ("thal", "7.0|6.0|3.0", "integer"),
    ("x", "63.00|41.00|5.00", "integer"),
    ("x", "-0.0|1.0|2.0", "integer"),
    // Zeros before and signs.
    ("department", "01|02|19|07", "integer"),
    ("month", "01|12|05", "integer"),
    ("x", "05|100|07", "integer"),
    ("x", "007|008|010", "integer"),
    ("x", "0012|0007|0450", "integer"),
    ("zip", "00560|91977|64574", "integer"),
    ("zip", "000560|919774|645741", "integer"),
    ("x", "007|08|9", "categorical"),
    ("x", "00|7|012", "categorical"),
    ("x", "+5|+7|-2", "integer"),
    ("x", "+5.5|+7.25|-2", "real"),
    ("phone", "+49301234567|+49309876543|+33142685300", "integer"),
    ("x", "05.5|07.5|12.5", "real"),
    // Too large to be exact.
    ("snow", "1580000000000000067|1580000000000000021|1580000000000000095", "categorical"),
    ("key", "4873214862074861313|4873214862074861313|4873214862074861319", "boolean"),
    ("x", "18446744073709551615|18446744073709551614|18446744073709551613", "categorical"),
    ("x", "9007199254740993|9007199254740993", "constant"),
    ("x", "123456789012345678901234567890|1|2", "categorical"),
    // Decimals.
    ("x", "3|-0.25|1.5", "real"),
    ("x", "0.10|0.25|1.50", "real"),
    ("x", "353.50|457.48|-1.00", "real"),
    ("x", "0.123456|0.5|0.25", "real"),
    ("x", "1e-300|0.5|0.25", "real"),
    ("x", "8.583E-05|1.420E-04|-3.000E+02", "real"),
    ("x", "1e-5|2e-10|7e0", "real"),
    // A decimal comma.
    ("Betrag", "38,89|35,01|49,59", "real"),
    ("quote", "0,488|0,135|0,306", "real"),
    ("x", "1,5|2|-3,25", "real"),
    ("x", "-1,50|2,00|3,25", "real"),
    ("x", "1.234,56|12,50|7,00", "real"),
    ("x", "1.234.567,5|12,25|7", "real"),
    ("x", "1.234.567|12|7", "integer"),
    ("x", "1 234,5|12,5|7", "real"),
    ("x", "1\u{a0}234,50|12,50|7,00", "real"),
    ("x", "12\u{202f}345,50|12,50|7,00", "real"),
    ("x", "1'234,5|7,5", "real"),
    ("x", "1_234,5|7,5", "real"),
    // Thousands.
    ("x", "1,486.23|353.50|457.48", "real"),
    ("x", "1,486|353|12,457", "integer"),
    ("x", "1,234,567|353|457", "integer"),
    ("x", "1 486|353|12 457", "integer"),
    ("x", "1\u{a0}486|353|12\u{a0}457", "integer"),
    ("x", "1\u{2009}486.5|353.5|12\u{2009}457.5", "real"),
    ("x", "1\u{202f}486|353", "integer"),
    ("x", "1'486.50|353.00", "real"),
    ("x", "1\u{2019}486.50|353.00", "real"),
    ("x", "1_000_000|5_000|7", "integer"),
    ("x", "1234|12,345|123,456", "integer"),
    ("x", "12,34,567|1,234|7,65,432", "integer"),
    ("x", "12,34,567.50|1,234.00|1,76,543.25", "real"),
    ("x", "-1,486|353|(none)", "categorical"),
    // Currencies.
    ("price", "$457.48|$353.50|$765.42", "real"),
    ("price", "$1,457.48|$353.50|-$765.42", "real"),
    ("price", "$-457.48|$353.50", "real"),
    ("price", "($765.42)|$353.50|$12.00", "real"),
    ("price", "$(765.42)|$353.50|$12.00", "real"),
    ("price", "US$5|US$7|US$12", "integer"),
    ("price", "USD 5.50|USD 7.25|USD 12.00", "real"),
    ("price", "5,50 €|7,25 €|12,00 €", "real"),
    ("price", "5,50 EUR|7,25 EUR|12,00 EUR", "real"),
    ("price", "€5.50|€7.25|€12.00", "real"),
    ("price", "£5|£7|£1,200", "integer"),
    ("price", "¥1,500|¥700|¥12,000", "integer"),
    ("price", "₹12,34,567|₹1,234|₹5", "integer"),
    ("price", "R$ 1.234,50|R$ 12,00", "real"),
    ("price", "CHF 1'234.50|CHF 12.00", "real"),
    ("price", "1.234,50 kr|12,00 kr", "real"),
    ("price", "1 234,50 zł|12,00 zł", "real"),
    ("price", "5,00 Kč|7,50 Kč", "real"),
    ("price", "Rs. 1,200.50|Rs. 5.00", "real"),
    ("price", "500₽|700₽|1200₽", "integer"),
    ("price", "$.50|$.75", "real"),
    ("price", "8\u{202f}645,92\u{202f}€|37,53\u{202f}€|2\u{202f}482,11\u{202f}€", "real"),
    ("price", "682円|4,202円|1,200円", "integer"),
    ("rate", "+3,6\u{202f}%|\u{2212}4,3\u{202f}%|+0,5\u{202f}%", "real"),
    ("n", "2個|14個|6個", "integer"),
    ("price", "Fr. 3'000.–|Fr. 450.–|Fr. 12'345.–", "integer"),
    ("price", "450,-|1.200,-|75,-", "integer"),
    ("price", "kr 450,-|kr 1 200,-", "integer"),
    ("price", "Rs. 1,00,000/-|Rs. 500/-|Rs. 12,34,567/-", "integer"),
    ("rate", "%12,5|%3,0|%47,1", "real"),
    ("rate", "12.5％|3.0％|47.1％", "real"),
    ("a", "12.5㎡|130.0㎡|47.1㎡", "real"),
    ("price", "711.0万元|15.4万元|3.2万元", "real"),
    ("x", ".50|.75|-.25", "real"),
    ("x", ".5|1.5|-.25", "real"),
    // Percent and units.
    ("rate", "94%|57%|74%", "integer"),
    ("rate", "94.5%|57.0%|-7.4%", "real"),
    ("rate", "94,5 %|57,0 %|7,4 %", "real"),
    ("rate", "+4.5%|-2.0%|+1.0%", "real"),
    ("rate", "5‰|7‰|12‰", "integer"),
    ("w", "12kg|15kg|7kg", "integer"),
    ("w", "12.5 kg|15.0 kg|7.5 kg", "real"),
    ("v", "80km/h|120km/h|50km/h", "integer"),
    ("t", "37.5°C|36.6°C|38.0°C", "real"),
    ("t", "-5 °C|12 °C|7 °C", "integer"),
    ("a", "45 m²|70 m²|120 m²", "integer"),
    ("v", "12µV|15µV|9µV", "integer"),
    ("size", "15\"|17\"|13\"", "integer"),
    ("d", "5 days|7 days|12 days", "integer"),
    // Dates with blanks, and times without signs.
    ("Dátum", "2023. 04. 28.|2023. 11. 05.|2024. 01. 31.", "date-time"),
    ("when", "20240304 093000|20240305 101530|20240306 235959", "date-time"),
    // Signs of what is below zero.
    ("x", "(5)|7|12", "integer"),
    ("x", "(1,486.23)|353.50|457.48", "real"),
    ("x", "5-|7|12", "integer"),
    ("x", "\u{2212}5|7|12", "integer"),
    ("x", "\u{2212}5.5|7.0|12.5", "real"),
    // Dates.
    ("d", "2024-02-29|1999-12-31|2001-01-01", "date-time"),
    ("d", "2024/02/29|1999/12/31|2001/01/01", "date-time"),
    ("d", "2024.02.29|1999.12.31|2001.01.01", "date-time"),
    ("d", "31.12.1999|01.02.2003", "date-time"),
    ("d", "1.2.2003|31.12.1999", "date-time"),
    ("d", "31-12-1999|01-02-2003", "date-time"),
    ("d", "31/12/1999|01/02/2003", "date-time"),
    ("d", "12/31/1999|02/01/2003", "date-time"),
    ("d", "31 12 1999|01 02 2003", "date-time"),
    ("d", "31_12_1999|01_02_2003", "date-time"),
    ("d", "12/31/99|02/01/03", "date-time"),
    ("d", "31.12.99|01.02.03", "date-time"),
    ("d", "99-12-31|03-02-01", "date-time"),
    ("d", "05-MAY-2017|17-FEB-2015", "date-time"),
    ("d", "05-may-2017|17-feb-2015", "date-time"),
    ("d", "05-May-2017|17-Feb-2015", "date-time"),
    ("d", "05-May-17|17-Feb-15", "date-time"),
    ("d", "5 May 2017|17 Feb 2015", "date-time"),
    ("d", "05 MAY 2017|17 FEB 2015", "date-time"),
    ("d", "05MAY2017|17FEB2015", "date-time"),
    ("d", "May 5, 2017|Feb 17, 2015", "date-time"),
    ("d", "May 05, 2017|February 17, 2015", "date-time"),
    ("d", "5 January 2017|17 March 2015", "date-time"),
    ("d", "2017-May-05|2015-Feb-17", "date-time"),
    ("d", "9 juin 2020|1 mars 2021|12 août 2019", "date-time"),
    ("d", "3. März 2020|14. Mai 2021|1. Dezember 2019", "date-time"),
    ("d", "03-MÄR-2020|14-MAI-2021|01-DEZ-2019", "date-time"),
    ("d", "2 de febrero de 2023|16 de agosto de 2021", "date-time"),
    ("d", "2 de fevereiro de 2023|16 de março de 2021", "date-time"),
    ("d", "2 febbraio 2023|16 agosto 2021", "date-time"),
    ("d", "2 stycznia 2023|16 października 2021", "date-time"),
    ("d", "7 августа 2021|1 мая 2020", "date-time"),
    ("d", "2024年5月11日|2019年12月1日", "date-time"),
    ("d", "2024年05月11日|2019年12月01日", "date-time"),
    ("d", "2024年5月|2019年12月", "date-time"),
    ("d", "2024년 5월 11일|2019년 12월 1일", "date-time"),
    ("t", "13時45分|2時05分", "date-time"),
    ("t", "2024年5月11日13时45分30秒|2019年12月1日02时05分00秒", "date-time"),
    ("d", "Mon, 02 Jan 2006|Tue, 03 Jan 2006", "date-time"),
    ("d", "Monday, January 2, 2006|Tuesday, January 3, 2006", "date-time"),
    ("d", "9999-12-31|2024-02-29|1900-01-01", "date-time"),
    ("d", "2017-05|2018-06", "date-time"),
    ("d", "May 2017|June 2018", "date-time"),
    ("d", "May-17|Jun-18", "date-time"),
    ("d", "2020-01-17|2020-02|2021", "date-time"),
    ("date", "20240229|19991231", "date-time"),
    // Date-times.
    ("t", "2024-02-29 12:30:00|1969-12-31 23:59:59", "date-time"),
    ("t", "2024-02-29T12:30:00|1969-12-31T23:59:59", "date-time"),
    ("t", "2024-02-29T12:30|1969-12-31T23:59", "date-time"),
    ("t", "2024-02-29 12:30|1969-12-31 23:59", "date-time"),
    ("t", "20240229T123000|19991231T235959", "date-time"),
    ("t", "20240229T123000Z|19991231T235959Z", "date-time"),
    ("t", "20240229123000|19991231235959", "date-time"),
    ("t", "2024-02-29T12:30:00Z|1969-12-31T23:59:59Z", "date-time"),
    ("t", "2024-02-29 12:30:00 UTC|1969-12-31 23:59:59 UTC", "date-time"),
    ("t", "2024-02-29 12:30:00+00|1969-12-31 23:59:59+00", "date-time"),
    ("t", "2024-02-29T12:30:00+00:00|1969-12-31T23:59:59+00:00", "date-time"),
    ("t", "2024-02-29T12:30:00+02:00|1969-12-31T23:59:59+02:00", "date-time"),
    ("t", "2024-02-29 12:30:00 -0700|1969-12-31 23:59:59 -0700", "date-time"),
    ("t", "2024-02-29 12:30:00+05|1969-12-31 23:59:59+05", "date-time"),
    ("t", "2024-02-29 12:30:00.250|1969-12-31 23:59:59.125", "date-time"),
    ("t", "2024-02-29 12:30:00.250001|1969-12-31 23:59:59.125000", "date-time"),
    ("t", "2024-02-29 12:30:00,250|1969-12-31 23:59:59,125", "date-time"),
    ("t", "12/17/2015 06:12:03 AM|10/13/2018 03:48:38 PM", "date-time"),
    ("t", "12/17/2015 6:12 am|10/13/2018 11:48 pm", "date-time"),
    ("t", "17.12.2015 06:12|13.10.2018 15:48", "date-time"),
    ("t", "10/Oct/2000:13:55:36 -0700|11/Oct/2000:01:05:06 -0700", "date-time"),
    ("t", "[10/Oct/2000:13:55:36 +0200]|[11/Oct/2000:01:05:06 +0200]", "date-time"),
    ("t", "Mon Jan 12 15:04:05 2026|Tue Jan 13 15:04:05 2026", "date-time"),
    ("t", "Fri, 02 Jan 2026 15:04:05 GMT|Sat, 03 Jan 2026 15:04:05 GMT", "date-time"),
    ("t", "2020-01-01|2020-01-01 12:30|2020-01-02 12:30:05", "date-time"),
    ("t", "2020-01-01T12:30:05|2020-01-01T12:30:05.250", "date-time"),
    ("t", "Oct 11 22:14:15|Oct 12 01:02:03", "date-time"),
    // Times of day and lengths of time.
    ("t", "06:12|23:59|12:00", "date-time"),
    ("t", "6:12|23:59|12:00", "date-time"),
    ("t", "06:12:05|23:59:59", "date-time"),
    ("t", "2:30 PM|11:05 AM", "date-time"),
    ("t", "06:12:05.125|23:59:59.250", "date-time"),
    ("t", "36:05:09|2:00:00|101:59:59", "integer"),
    ("t", "36:05:09|02:00:00", "integer"),
    ("t", "90:05|12:30", "integer"),
    ("t", "2 days 03:04:05|0 days 23:59:59", "integer"),
    ("t", "PT1H30M5S|PT45M|PT10S", "integer"),
    // Times of day as they are said.
    ("t", "9:05 p. m.|11:30 a. m.", "date-time"),
    ("t", "9:05\u{a0}p.\u{a0}m.|11:30\u{a0}a.\u{a0}m.", "date-time"),
    ("t", "9:05\u{202f}PM|11:30\u{202f}AM", "date-time"),
    ("t", "9:05 p.m.|11:30 a.m.", "date-time"),
    ("t", "09:05 P.M.|11:30 A.M.", "date-time"),
    ("t", "오후 3:05|오전 11:30", "date-time"),
    ("t", "下午3:05|上午11:30", "date-time"),
    ("t", "午後 3:05|午前 11:30", "date-time"),
    ("t", "3:05 م|11:30 ص", "date-time"),
    ("t", "3:05 ب.ظ|11:30 ق.ظ", "date-time"),
    ("t", "3:05 μ.μ.|11:30 π.μ.", "date-time"),
    ("t", "2024-05-01 오후 3:05:00|2024-05-02 오전 11:30:09", "date-time"),
    ("t", "21:54 Uhr|09:05 Uhr", "date-time"),
    ("t", "21.54 Uhr|09.05 Uhr", "date-time"),
    ("t", "21.54\u{a0}Uhr|9.05\u{a0}Uhr", "date-time"),
    ("t", "21h54|09h05", "date-time"),
    ("t", "21 h 54|9 h 05", "date-time"),
    ("t", "21\u{a0}h\u{a0}54|09\u{a0}h\u{a0}05", "date-time"),
    ("t", "kl. 21.54|kl. 09.05", "date-time"),
    ("t", "klo 21.54|klo 9.05", "date-time"),
    ("t", "21:54 น.|09:05 น.", "date-time"),
    ("t", "T21:54|T09:05", "date-time"),
    ("t", "13/05/2024 às 10h30|14/05/2024 às 21h05", "date-time"),
    ("t", "13/05/2024 21.54|14/05/2024 09.05", "date-time"),
    ("t", "May  5 2024  1:05PM|May 15 2024 11:05AM", "date-time"),
    ("t", "Oct  1 22:14:15|Oct 12 01:02:03", "date-time"),
    ("t", "01-JAN-24 09.05.11.000000000 PM|12-FEB-24 11.30.00.000000000 AM", "date-time"),
    ("t", "02-JAN-2006 15:04:05.00|03-JAN-2006 16:04:05.00", "date-time"),
    // Weeks, quarters, months and years.
    ("w", "2024-W05|2023-W52", "date-time"),
    ("w", "2024W05|2023W52", "date-time"),
    ("w", "2024-W05-1|2023-W52-7", "date-time"),
    ("w", "KW 05/2024|KW 52/2023", "date-time"),
    ("w", "16 WK 2020|5 WK 2021", "date-time"),
    ("q", "Q1 2024|Q4 2023", "date-time"),
    ("q", "2024Q1|2023Q4", "date-time"),
    ("q", "2024-Q1|2023-Q4", "date-time"),
    ("q", "1Q24|4Q23", "date-time"),
    ("q", "T1 2024|T4 2023", "date-time"),
    ("q", "1. Quartal 2024|4. Quartal 2023", "date-time"),
    ("q", "2024年第1季度|2023年第4季度", "date-time"),
    ("q", "1985q1|1986q4", "date-time"),
    ("m", "05/2017|12/2018", "date-time"),
    ("m", "2024M05|2023M12", "date-time"),
    ("m", "1984m2|1985m12", "date-time"),
    ("m", "mai/24|dez/23", "date-time"),
    ("m", "Październik 2024|Luty 2023", "date-time"),
    ("y", "FY2024|FY2023", "date-time"),
    ("y", "2000/01|2001/02|2002/03", "categorical"),
    // Dates in further languages.
    ("d", "12 janv. 2024|3 mai 2023|1 août 2022", "date-time"),
    ("d", "12 de mar. de 2024|1 de nov. de 2023", "date-time"),
    ("d", "3 Ağustos 2024|14 Ocak 2023", "date-time"),
    ("d", "3. července 2024|14. ledna 2023", "date-time"),
    ("d", "2020. augusztus 4.|2021. december 24.", "date-time"),
    ("d", "3 Agustus 2024|14 Desember 2023", "date-time"),
    ("d", "3. elokuuta 2024|14. tammikuuta 2023", "date-time"),
    ("d", "3 Αυγούστου 2024|14 Ιανουαρίου 2023", "date-time"),
    ("d", "3 серпня 2024|14 січня 2023", "date-time"),
    ("d", "13 марта 2003 г.|2 июня 2004 г.", "date-time"),
    ("d", "26.08.2024 г.|13.09.2024 г.", "date-time"),
    ("d", "24.06.2024.|12.02.2024.", "date-time"),
    ("d", "2024-04-10 d.|2024-09-18 d.", "date-time"),
    ("d", "May 5th, 2024|June 22nd, 2024|July 1st, 2024", "date-time"),
    ("d", "Mo, 06.05.2024|Mi, 08.05.2024", "date-time"),
    ("d", "Montag, 6. Mai 2024|Mittwoch, 5. Juni 2024", "date-time"),
    ("d", "lundi 6 mai 2024|mercredi 5 juin 2024", "date-time"),
    ("d", "lunes, 1 de abril de 2024|miércoles, 5 de junio de 2024", "date-time"),
    ("d", "2024/05/01(水)|2024/05/02(木)", "date-time"),
    ("d", "2024年5月1日(水)|2024年5月2日(木)", "date-time"),
    ("d", "٢٠٢٤-٠٥-٠١|٢٠٢٣-١٢-٣١", "date-time"),
    ("d", "1403/05/31|1402/02/30|1401/01/01", "categorical"),
    // Numbers of several units, and lengths of time.
    ("t", "2h 50m|19h|45m", "integer"),
    ("t", "2h05min|0h45min", "integer"),
    ("t", "3'50\"|5'08\"|4'19\"", "integer"),
    ("h", "5'11\"|6'0\"", "integer"),
    ("h", "5 ft 11 in|6 ft 0 in", "integer"),
    ("t", "3 yrs 2 mos|1 yr 11 mos", "integer"),
    ("t", "2 Std. 5 Min.|1 Std. 45 Min.", "integer"),
    ("t", "2小时30分钟|1小时5分钟", "integer"),
    ("t", "1 day|5 days|12 days", "integer"),
    ("n", "1 Zimmer|3 Zimmer", "integer"),
    ("n", "1 item|3 items", "integer"),
    ("t", "1 day 03:04:05|2 days 03:04:05|03:04:05", "integer"),
    ("t", "1 day, 3:04:05|2 days, 13:04:05|3:04:05", "integer"),
    // Digits and signs of other scripts.
    ("x", "۱۲۳|۴۵۶|۷", "integer"),
    ("x", "١٢٫٥|٣٤٫٢", "real"),
    ("x", "१२३|४५६", "integer"),
    ("x", "１２３|４５６", "integer"),
    ("x", "۱٬۱۳۲٬۳۹۰ ریال|۳۵٬۶۰۴ ریال", "integer"),
    ("x", "٤٢٪|٥٠٪", "integer"),
    ("x", "▲5,674|3,868|12,100", "integer"),
    ("x", "△742.4|12.5", "real"),
    ("x", "–93.4|12.5", "real"),
    ("price", "￥80,879|￥999", "integer"),
    ("price", "\\80,879|\\999", "integer"),
    ("price", "868.523 ₫|1.200.000 ₫", "integer"),
    ("price", "54 357:-|120:-", "integer"),
    // Bands, fractions and scores.
    ("age", "18-24|<18|65+|25-64", "categorical"),
    ("bp", "120/80|95/60|110/70", "categorical"),
    ("x", "3:1|1:1|10:1", "categorical"),
    ("x", "1 in 20|1 in 300|1 in 1000", "categorical"),
    // Flags, categories, constants.
    ("x", "1|0|1", "boolean"),
    ("x", "1.0|0.0|1.0", "boolean"),
    ("x", "true|false|true", "boolean"),
    ("x", "yes|no|no", "boolean"),
    ("x", "rome|oslo|bern", "categorical"),
    ("x", "1|2|3+|2", "categorical"),
    ("x", "12A|12B|7A|9B", "categorical"),
    ("x", "12A|13A|7A", "integer"),
    ("x", "A|-|B|+", "categorical"),
    ("x", "7|7", "constant"),
    ("x", "$7.00|$7.00", "constant"),
    ("x", "2024-02-29|2024-02-29", "constant"),
    ("x", "|", "constant"),
    ("x", "18-24|25-34|35+", "categorical"),
    ("x", "10th|11th|9th|7th-8th", "categorical"),
    ("x", "1.2.3|1.2.4|2.0.0", "categorical"),
    ("x", "192.168.0.1|10.0.0.1|8.8.8.8", "categorical"),
    ("x", "é|ß|😀", "categorical"),
];

fn csv(name: &str, cells: &[&str]) -> String {
    let mut text = format!("{name}\n");
    for cell in cells {
        text += &format!("\"{}\"\n", cell.replace('"', "\"\""));
    }
    text
}

/// The kind of a column, how it comes back, and what was said of it.
fn read_column(name: &str, cells: &[&str]) -> Result<(String, Vec<String>, Reading), DataError> {
    let options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
    let reading = read_bytes("t.csv", csv(name, cells).into_bytes(), &options)?;
    let column = &reading.schema.columns[0];
    let writer = crate::data::write::CellWriter::new(Some(column));
    let back = (0..reading.table.n_rows).map(|row| {
        let mut text = String::new();
        writer.write(&reading.table.columns[0].cells, row, &mut text);
        text
    });
    Ok((column.kind_name().to_owned(), back.collect(), reading))
}

#[test]
fn every_spelling_is_known_and_comes_back() {
    assert!(COMES_BACK.len() >= 150, "{}", COMES_BACK.len());
    let mut wrong = Vec::new();
    for &(name, cells, kind) in COMES_BACK {
        let cells: Vec<&str> = cells.split('|').collect();
        match read_column(name, &cells) {
            Err(error) if kind == "refused" => assert!(error.hint().is_some(), "{error}"),
            Err(error) => wrong.push(format!("{cells:?}: {error}")),
            Ok((found, back, _)) => {
                let expected: Vec<&str> =
                    cells.iter().map(|cell| if *cell == "-0.0" { "0.0" } else { cell }).collect();
                if found != kind || (back != expected && kind != "refused") {
                    wrong.push(format!("{cells:?} is {found}, not {kind}, and comes back as {back:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// What is said of a column, in one text.
fn told(name: &str, cells: &[&str]) -> String {
    match read_column(name, cells) {
        Ok((_, _, reading)) => reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        Err(error) => format!("{error}; {}", error.hint().unwrap_or_default()),
    }
}

fn column(name: &str, cells: impl IntoIterator<Item = String>) -> ColumnSchema {
    let cells: Vec<String> = cells.into_iter().collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let (_, _, reading) = read_column(name, &cells).unwrap();
    reading.schema.columns[0].clone()
}

#[test]
fn bands_are_in_their_order_and_cells_of_several_numbers_name_no_rows() {
    let bands = column("age", ["25-64", "<18", "65+", "18-24", "unknown"].map(str::to_owned));
    assert_eq!(bands.kind.levels(), ["18-24", "25-64", "65+", "<18", "unknown"]);
    let bands = column("age", ["25-64", "<18", "65+", "18-24", "5-9"].map(str::to_owned));
    assert_eq!(bands.kind.levels(), ["<18", "5-9", "18-24", "25-64", "65+"]);
    for cell in [
        &(|i: usize| format!("{}-{}", 20 + i, 69 + i)) as &dyn Fn(usize) -> String,
        &|i| format!("{}/{}", 74 + i, 285 + 2 * i),
        &|i| format!("{}/{}", 95 + i, 60 + i / 2),
        &|i| format!("1 in {}", 20 + 7 * i),
        &|i| format!("{} x {} cm", 3 + i, 90 + i),
    ] {
        let cells: Vec<String> = (0..60).map(cell).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let (kind, _, _) = read_column("x", &cells).unwrap();
        assert_eq!(kind, "text", "{}", cells[1]);
        let told = told("x", &cells);
        assert!(told.contains(&format!("`{}` in line 2, `{}` in line 3", cells[0], cells[1])), "{told}");
        assert!(told.contains("a column of its own, or name it in data.categorical"), "{told}");
    }
    let months: Vec<String> = (0..48).map(|i| format!("{:02}.{}", 1 + i % 12, 1990 + i / 12)).collect();
    assert!(matches!(column("m", months).kind, Kind::DateTime { .. }));
    let months: Vec<String> = (0..48).map(|i| format!("{}{:02}", 1990 + i / 12, 1 + i % 12)).collect();
    assert!(matches!(column("m", months).kind, Kind::DateTime { .. }));
    let amounts: Vec<String> = (0..48).map(|i| format!("{}", 199_000 + i * 7)).collect();
    assert!(matches!(column("m", amounts).kind, Kind::Integer { .. }));
}

#[test]
fn numbers_are_identifiers_by_name_alone_whatever_their_order() {
    let rising = || (0..60).map(|i| (10 + i * 3).to_string());
    let shuffled = || (0..60).map(|i| (10 + (i * 37 % 60) * 3).to_string());
    for name in ["load_kg", "year", "depth", "dose", "x"] {
        assert_eq!(column(name, rising()), column(name, shuffled()), "{name}");
        assert!(matches!(column(name, rising()).kind, Kind::Integer { .. }), "{name}");
    }
    for name in ["id", "customerId", "PASSENGERID", "No", "user_id", "Unnamed: 0"] {
        assert_eq!(column(name, shuffled()).kind, Kind::Identifier, "{name}");
        assert_eq!(column(name, rising()).kind, Kind::Identifier, "{name}");
    }
    let counter = (0..30).map(|i| format!("{i},{}", i * 7 % 5)).collect::<Vec<_>>().join("\n");
    let (_, schema) = load(&format!(",x\n{counter}\n")).unwrap();
    assert_eq!(schema.columns[0].kind, Kind::Identifier);
}

#[test]
fn the_order_of_rows_never_changes_a_kind() {
    let columns: [Vec<String>; 6] = [
        (0..40).map(|i| format!("{},{}", i, i % 10)).collect(),
        (0..40).map(|i| if i == 7 { "-".to_owned() } else { (i * 13 % 29).to_string() }).collect(),
        (0..40).map(|i| format!("2020-01-{:02}", 1 + i % 28)).collect(),
        (0..40).map(|i| if i % 2 == 0 { format!("{i}") } else { format!("a{i}") }).collect(),
        (0..40).map(|i| format!("{}/{}/2020", 1 + i % 12, 1 + i % 28)).collect(),
        (0..40).map(|i| format!("{:03}", i * 7 % 40)).collect(),
    ];
    for cells in columns {
        let read = |cells: &[String]| {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            read_column("x", &cells).map(|(_, _, reading)| reading.schema).map_err(|_| ())
        };
        let first = read(&cells);
        for shift in [1, 7, 20] {
            let mut turned = cells.clone();
            turned.rotate_left(shift);
            turned.reverse();
            assert_eq!(read(&turned), first, "{cells:?}");
        }
    }
}

#[test]
fn few_values_are_kept_and_one_decimal_makes_no_reals() {
    let rates = ["5195.8", "5228.1", "5191"];
    let rate = column("rate", (0..90).map(|i| rates[i % 3].to_owned()));
    assert_eq!(rate.values, Some(vec![5191.0, 5195.8, 5228.1]));
    assert_eq!(column("x", (0..90).map(|i| format!("{}.{}", i, i % 10))).values, None);
    let temp = |i: usize| if i == 5 { "21.333".to_owned() } else { (i * 7 % 400).to_string() };
    let odd = column("temp", (0..1000).map(temp));
    assert!(matches!(odd.kind, Kind::Integer { .. }), "{odd:?}");
    let cells: Vec<String> = (0..1000).map(temp).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let (_, back, _) = read_column("temp", &cells).unwrap();
    assert_eq!(back, cells);
    let told = told("temp", &cells);
    assert!(told.contains("whole numbers but for 1 cell (`21.333` in line 7)"), "{told}");
}

#[test]
fn mixed_spellings_are_refused_with_both_lines() {
    for (cells, expected) in [
        ("1.5|2,5|3.5", "`1.5` in line 2 and `2,5` in line 3"),
        ("1,234.5|1.234,5", "`1,234.5` in line 2 and `1.234,5` in line 3"),
        ("$5.00|$6.00|€7.00", "`$5.00` in line 2 and `€7.00` in line 4"),
        ("50%|0.5|70%", "`50%` in line 2 and `0.5` in line 3"),
        ("(5)|-7|12", "`(5)` in line 2 and `-7` in line 3"),
        ("12,345|12345", "`12,345` in line 2 and `12345` in line 3"),
        ("+5|7", "`+5` in line 2 and `7` in line 3"),
        ("2020-01-01|2020-01-02|03/13/2020", "`2020-01-01` in line 2 and `03/13/2020` in line 4"),
    ] {
        let cells: Vec<&str> = cells.split('|').collect();
        let told = told("x", &cells);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_said_with_the_setting() {
    for (cells, expected) in [
        ("1,234|5,678", "data.decimal = \",\""),
        ("03/04/2011|05/06/2012", "month, day (otherwise: `data.day-first = true`)"),
        ("03.04.2011|05.06.2012", "day, month (otherwise: `data.day-first = false`)"),
        ("2021-11-19T03:48:27+02:00|2021-07-19T03:48:27+03:00", "several zones"),
    ] {
        let cells: Vec<&str> = cells.split('|').collect();
        let told = told("x", &cells);
        assert!(told.contains(expected), "{told}");
    }
    let options = ReadOptions { decimal: Some(','), day_first: Some(true), ..ReadOptions::default() };
    let text = "a;d\n1,234;03/04/2011\n5,678;05/06/2012\n";
    let reading = read_bytes("t", text.as_bytes().to_vec(), &options).unwrap();
    assert_eq!(numbers(&reading.table, "a"), [1.234, 5.678]);
    assert!(matches!(&reading.schema.columns[1].kind, Kind::DateTime { format, .. } if format == "%d/%m/%Y"));
    // One date that tells is enough for all columns.
    let text = "a,b\n03/04/2011,25/12/2011\n05/06/2012,01/02/2012\n";
    let reading = read_bytes("t", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    assert!(matches!(&reading.schema.columns[0].kind, Kind::DateTime { format, .. } if format == "%d/%m/%Y"));
    assert!(reading.notes.is_empty(), "{:?}", reading.notes);
}

#[test]
fn foreign_marks_are_named_with_the_setting_that_takes_them() {
    let dose = |i: usize| if i % 9 == 3 { "-".to_owned() } else { format!("{}.{}", 20 + i % 37, i % 7) };
    let cells: Vec<String> = (0..90).map(dose).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let told_of = told("dose", &cells);
    assert!(told_of.contains(
        "column `dose` has 10 cells (11 %) with `-`, which is not a finite number, the first in line 5"
    ));
    assert!(told_of.contains("`data.missing = [\"-\"]`"), "{told_of}");
    let mut options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
    options.missing.push("-".into());
    let reading = read_bytes("t", csv("dose", &cells).into_bytes(), &options).unwrap();
    assert_eq!(reading.schema.columns[0].missing, 10);
    let day = |i: usize| if i == 4 { "0000-00-00".to_owned() } else { format!("2020-02-{:02}", 1 + i % 28) };
    let cells: Vec<String> = (0..40).map(day).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    assert!(
        told("day", &cells)
            .contains("1 cell (2 %) with `0000-00-00`, which is not a date-time, the first in line 6")
    );
    // These are values.
    for cells in [&["9999-12-31", "2020-01-01"][..], &["-999", "12", "13"]] {
        assert_eq!(column("x", cells.iter().map(|&cell| cell.to_owned())).missing, 0);
    }
}

#[test]
fn times_of_day_with_a_point_are_times_and_come_back() {
    let cells: Vec<String> = (0..48).map(|i| format!("{:02}.{:02}", i * 7 % 24, i * 15 % 60)).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let (kind, back, _) = read_column("Tid", &cells).unwrap();
    assert_eq!((kind.as_str(), back), ("date-time", cells.iter().map(|cell| (*cell).to_owned()).collect()));
    // Months and days, more than 59 minutes, no zero before, too few.
    for cell in [
        &(|i: usize| format!("{:02}.{:02}", 1 + i % 12, 1 + i % 28)) as &dyn Fn(usize) -> String,
        &|i| format!("{:02}.{:02}", i % 24, i * 7 % 100),
        &|i| format!("{}.{:02}", 10 + i % 14, i % 60),
    ] {
        let column = column("x", (0..60).map(cell));
        assert!(matches!(column.kind, Kind::Real { .. }), "{}: {:?}", cell(3), column.kind);
    }
    assert!(matches!(column("x", cells[..10].iter().map(|cell| (*cell).to_owned())).kind, Kind::Real { .. }));
}

#[test]
fn a_frequent_mark_beside_amounts_is_no_category() {
    // Few different amounts, and a mark in so many of ten cells.
    for (amounts, mark, of_ten) in [
        (["$5.00", "$7.50", "$1,200.00"], "-", 3),
        (["5 %", "10 %", "15 %"], "n.a.", 4),
        (["1.200", "2.400,5", "3,75"], "—", 2),
        (["1,200", "2,400", "13,600"], ".", 7),
        (["12 EUR", "15 EUR", "20 EUR"], "unknown", 8),
        (["2024-05-01", "2024-05-02", "2024-06-30"], "0000-00-00", 6),
    ] {
        let cell = |i: usize| if i % 10 < of_ten { mark } else { amounts[i % 3] };
        let cells: Vec<&str> = (0..200).map(cell).collect();
        let text = told("fee", &cells);
        let share = format!("{} cells ({} %) with `{mark}`", 20 * of_ten, 10 * of_ten);
        assert!(text.contains("column `fee` has ") && text.contains(&share), "{mark}: {text}");
        assert!(text.contains(&format!("`data.missing = [\"{mark}\"]`")), "{mark}: {text}");
        let mut options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
        options.missing.push(mark.to_owned());
        let reading = read_bytes("t", csv("fee", &cells).into_bytes(), &options).unwrap();
        assert_eq!(reading.schema.columns[0].missing, 20 * of_ten, "{mark}");
        assert!(matches!(reading.table.columns[0].cells, Cells::Number(_)), "{mark}");
    }
    // Codes, sizes and words of their own may be categories: that is said with the setting.
    for cells in [["1", "2", "-"], ["10 kg", "20 kg", "other"], ["$5", "$7", "free"]] {
        let cells: Vec<&str> = (0..60).map(|i| cells[i % 3]).collect();
        let reading = read_bytes("t", csv("x", &cells).into_bytes(), &ReadOptions::default()).unwrap();
        assert!(matches!(reading.schema.columns[0].kind, Kind::Categorical { .. }), "{cells:?}");
        let text = told("x", &cells);
        assert!(
            text.contains("`x` is categories, not numbers") && text.contains("20 cells (33 %)"),
            "{text}"
        );
        assert!(text.contains(&format!("`data.missing = [\"{}\"]`", cells[2])), "{text}");
    }
}

#[test]
fn marks_in_quotes_are_values_of_texts_and_the_schema_wins() {
    let reading = |text: &str| read_bytes("t", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    let bare = reading("country,n\nNA,1\nBW,2\nAO,3\n");
    assert_eq!(texts(&bare.table, "country"), [None, Some("BW"), Some("AO")]);
    assert!(bare.notes[0].to_string().contains("`data.not-missing = [\"NA\"]`"), "{:?}", bare.notes);
    let quoted = reading("country,n\n\"NA\",\"NA\"\n\"BW\",\"2\"\n\"AO\",\"3\"\n");
    assert_eq!(texts(&quoted.table, "country"), [Some("NA"), Some("BW"), Some("AO")]);
    assert!(numbers(&quoted.table, "n")[0].is_nan());
    assert_eq!((quoted.schema.columns[0].missing, quoted.schema.columns[1].missing), (0, 1));
    let (again, _) = load_as("country,n\nNA,5\n", &quoted.schema).unwrap();
    assert_eq!(texts(&again, "country"), [Some("NA")]);
    let mut out = Vec::new();
    write_csv(&quoted.table, &quoted.schema, &mut out).unwrap();
    assert_eq!(String::from_utf8(out.clone()).unwrap(), "country,n\n\"NA\",\nBW,2\nAO,3\n");
    assert_eq!(
        read_bytes("t", out, &ReadOptions::default()).unwrap().table.columns[0],
        quoted.table.columns[0]
    );
    let options = ReadOptions { not_missing: vec!["NA".into()], ..ReadOptions::default() };
    let set = read_bytes("t", b"country,n\nNA,1\nBW,2\n".to_vec(), &options).unwrap();
    assert_eq!(set.schema.columns[0].missing, 0);
    let mut marked = bare.schema;
    marked.columns[0].marks = Some(vec!["??".into()]);
    let (again, _) = load_as("country,n\n??,5\nNA,6\n", &marked).unwrap();
    assert_eq!(texts(&again, "country"), [None, Some("NA")]);
}

#[test]
fn what_is_not_understood_is_said_with_three_cells() {
    let cells: Vec<String> = (0..60)
        .map(|i| if i % 3 == 0 { format!("{} or {}", i, i + 1) } else { format!("{}.5", i * 7) })
        .collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let told = told("x", &cells);
    assert!(told.contains("`x` is left out: its cells are not understood"), "{told}");
    assert!(told.contains("`0 or 1` in line 2, `3 or 4` in line 5, `6 or 7` in line 8"), "{told}");
}

#[test]
fn a_row_of_totals_is_noticed_and_can_be_left_out() {
    let text = "city,n\nrome,3\noslo,4\nbern,5\nTotal,12\n";
    let reading = read_bytes("t", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    assert!(
        reading.notes[0].to_string().contains("the last row (line 5) looks like a total"),
        "{:?}",
        reading.notes
    );
    let options = ReadOptions { drop_total: true, ..ReadOptions::default() };
    let reading = read_bytes("t", text.as_bytes().to_vec(), &options).unwrap();
    assert_eq!(numbers(&reading.table, "n"), [3.0, 4.0, 5.0]);
    let years: String = (0..30).map(|i| format!("{},{}\n", 1990 + i, i * 31 % 17)).collect();
    let error = load(&format!("year,n\n{years}Total,240\n")).unwrap_err();
    assert!(error.hint().unwrap().contains("data.drop-total = true"), "{error}");
}

#[test]
fn columns_of_one_name_can_be_numbered_and_a_missing_header_is_said() {
    let options = ReadOptions { number_duplicates: true, ..ReadOptions::default() };
    let reading = read_bytes("t", b"a,b,a\n1,2,3\n4,5,6\n".to_vec(), &options).unwrap();
    let names: Vec<&str> = reading.table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "a_2"]);
    let reading = read_bytes("t", b"1,2\n3,4\n".to_vec(), &ReadOptions::default()).unwrap();
    assert!(reading.notes[0].to_string().contains("data.header = true"), "{:?}", reading.notes);
    assert_eq!(reading.summary(), "2 rows, 2 columns: 2 integer");
}
