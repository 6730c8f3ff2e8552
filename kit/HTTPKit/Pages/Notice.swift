import Hummingbird

/// What a page says has been done, once a form has led back to it.
///
/// The address holds no more than the name of a case, as in `?done=renamed`, so no link can put words on a page.
public protocol Notice: RawRepresentable<String>, Sendable {
    /// A sentence.
    var text: String { get }
}

extension Redirect {
    /// Leads to a page that says what has been done.
    ///
    /// - Parameter path: One without a query.
    public init(to path: String, done notice: some Notice) {
        self.init(to: "\(path)?done=\(notice.rawValue)")
    }
}

extension Request {
    /// What the page's address says has been done; nil for what is none of its notices.
    public func notice<Done: Notice>(_ type: Done.Type) -> String? {
        (try? query())?["done"].flatMap(Done.init(rawValue:))?.text
    }
}
