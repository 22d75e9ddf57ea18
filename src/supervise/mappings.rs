//! Reading the memory mappings of a process.

/// Start and length of the mappings in `/proc/self/smaps` that are program text as it is in its
/// file. Text that was changed in memory, as by a debugger, counts as anonymous memory there.
pub(super) fn unchanged_text(smaps: &str) -> Vec<(usize, usize)> {
    let mut candidate = None;
    let mut found = Vec::new();
    for line in smaps.lines() {
        if let Some(anonymous) = line.strip_prefix("Anonymous:") {
            let text: Option<(usize, usize)> = candidate.take();
            found.extend(text.filter(|_| anonymous.trim() == "0 kB"));
        } else if !line
            .split(' ')
            .next()
            .is_some_and(|word| word.ends_with(':'))
        {
            candidate = text_mapping(line);
        }
    }
    found
}

/// Start and length of the mapping that such a line begins, if it is the text of a program.
fn text_mapping(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let text = words.next()? == "r-xp" && words.nth(3)?.starts_with('/');
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    text.then(|| (start, end.saturating_sub(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_program_text_of_files_is_released() {
        for (line, mapping) in [
            (
                "1000-3000 r-xp 00001000 fe:00 326279    /usr/bin/a b",
                Some((0x1000, 0x2000)),
            ),
            ("1000-3000 r--p 00001000 fe:00 326279    /usr/bin/a", None),
            ("1000-3000 rwxp 00001000 fe:00 326279    /usr/bin/a", None),
            ("1000-3000 r-xs 00001000 fe:00 326279    /usr/bin/a", None),
            ("1000-3000 r-xp 00000000 00:00 0         [vdso]", None),
            ("1000-3000 r-xp 00000000 00:00 0", None),
            ("", None),
        ] {
            let mapping = mapping.into_iter().collect::<Vec<_>>();
            let entry =
                |changed| format!("{line}\nSize: 8 kB\nAnonymous:   {changed} kB\nTHP: 0\n");
            assert_eq!(unchanged_text(&entry(0)), mapping, "{line}");
            assert_eq!(unchanged_text(&entry(4)), [], "{line}");
        }
    }
}
