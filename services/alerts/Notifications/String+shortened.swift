extension String {
    /// The text where it is short enough, else its beginning with an ellipsis; no character is cut in halves, as people
    /// see them.
    ///
    /// - Parameter most: A length in UTF-16, which is never less than that in code points: whichever of the two a receiver
    ///   counts, it finds no more than that.
    func shortened(to most: Int) -> String {
        guard utf16.count > most else { return self }
        var left = most - 1
        let kept = prefix { character in
            left -= character.utf16.count
            return left >= 0
        }
        return kept + "…"
    }
}
