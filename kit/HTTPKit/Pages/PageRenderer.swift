import Foundation
import Hummingbird
import Identity
import Mustache
import ServiceKit

/// Renders a service's pages from Mustache templates in the layout that all services share.
///
/// A page's template is `{{<layout}}{{$title}}Devices{{/title}}{{$content}}…{{/content}}{{/layout}}`. What it says
/// about its own model is read as `{{page.…}}`, about the request as `{{site.…}}`; `/static/<file>` stands for the
/// file's cacheable path. Everything is HTML-escaped unless it stands in three braces.
public struct PageRenderer: Sendable {
    private let library: MustacheLibrary
    private let forms: FormTokens
    let staticFiles: StaticFiles

    /// Loads this module's templates and files, and those of a service over them.
    ///
    /// - Parameters:
    ///   - templates: a folder of `.mustache` files.
    ///   - files: a folder of what the pages load: scripts, styles, images.
    ///   - libraries: single files that come from elsewhere on the system, such as a chart library.
    /// - Throws: what reading and parsing them throws.
    public init(
        service: String, templates: URL?, files: URL? = nil, libraries: [URL] = [], forms: FormTokens
    ) throws {
        let resources = Bundle.module.bundleURL
        let folders = [resources.appendingPathComponent("Static"), files].compactMap(\.self)
        staticFiles = try StaticFiles(service: service, folders: folders, libraries: libraries)
        self.forms = forms
        var library = MustacheLibrary()
        for folder in [resources.appendingPathComponent("Templates"), templates].compactMap(\.self) {
            for file in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            where file.hasSuffix(".mustache") {
                let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
                try library.register(staticFiles.linking(text), named: String(file.dropLast(".mustache".count)))
            }
        }
        self.library = library
    }

    /// The page of `template`, with a CSRF token for its forms.
    ///
    /// - Parameters:
    ///   - template: its file's name without the extension.
    ///   - page: what the template reads as `page`: a struct, a dictionary.
    public func render(
        _ template: String, _ page: Any = [String: String](), status: HTTPResponse.Status = .ok, for request: Request,
        _ context: AppRequestContext
    ) throws -> HTML {
        let (token, cookie) = forms.issue(for: request, context)
        let site = SiteModel(path: request.uri.path, csrfToken: token, user: context.principal?.user)
        guard let markup = library.render(["page": page, "site": site], withTemplate: template) else {
            throw MissingTemplate(name: template)
        }
        var html = HTML(markup, status: status)
        html.cookies = [cookie].compactMap(\.self)
        return html
    }

    /// The page that tells of an error.
    func response(to problem: Problem, request: Request, requestID: String) -> Response {
        let page = ErrorModel(
            code: problem.status.code, title: problem.title, detail: problem.detail, requestID: requestID)
        let site = SiteModel(path: request.uri.path, csrfToken: nil, user: nil)
        let markup =
            library.render(["page": page, "site": site] as [String: Any], withTemplate: "error") ?? problem.title
        var response = HTML(markup, status: problem.status).response()
        response.headers.append(contentsOf: problem.headers)
        return response
    }
}

/// A page whose template does not exist.
struct MissingTemplate: Error, CustomStringConvertible {
    let name: String

    var description: String { "there is no template \(name).mustache" }
}

/// What every template may read as `site`.
struct SiteModel {
    let csrfToken: String?
    let isSignedIn: Bool
    let isSuperuser: Bool
    let isAdmin: Bool
    let isOwner: Bool
    let navigation: [NavigationItem]
    let account: NavigationItem?

    init(path: String, csrfToken: String?, user: UserPrincipal?) {
        self.csrfToken = csrfToken
        isSignedIn = user != nil
        isSuperuser = user?.isSuperuser ?? false
        isAdmin = user?.role.map { $0 >= .admin } ?? false
        isOwner = user?.role == .owner
        navigation = user == nil ? [] : NavigationItem.all(current: path)
        account = user == nil ? nil : NavigationItem("/auth/profile", "Profile", current: path)
    }
}

/// An entry of the navigation bar.
struct NavigationItem {
    let path: String
    let title: String
    let isCurrent: Bool

    init(_ path: String, _ title: String, current: String) {
        self.path = path
        self.title = title
        isCurrent = current == path || current.hasPrefix(path + "/")
    }

    static func all(current: String) -> [NavigationItem] {
        [
            ("/dashboard", "Dashboard"), ("/devices", "Devices"), ("/alerts", "Alerts"), ("/projects", "Projects"),
            ("/organizations", "Organizations"), ("/docs", "API"),
        ].map { NavigationItem($0, $1, current: current) }
    }
}

/// What `error.mustache` reads as `page`.
struct ErrorModel {
    let code: Int
    let title: String
    let detail: String?
    let requestID: String
}
