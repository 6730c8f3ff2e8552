import Hummingbird
import Logging

/// Turns whatever a handler throws into the answer: a problem document, or a page for a browser.
///
/// A 5xx is logged with its cause, which the client is not told.
struct ProblemMiddleware: RouterMiddleware {
    let pages: PageRenderer?

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch is SignInRequired {
            return Redirect.toSignIn(from: request)
        } catch {
            let problem = Problem(answering: error)
            problem.log(error, route: context.endpointPath ?? "NotFound", to: context.logger)
            if let pages, request.prefersHTML {
                return pages.response(to: problem, request: request, requestID: context.requestID)
            }
            return problem.response(instance: request.uri.path, requestID: context.requestID)
        }
    }
}

extension Problem {
    /// What the client is told when `error` ends its request.
    init(answering error: any Error) {
        self = Problem(cause: error) ?? Problem(.internalServerError, "This is our fault; it is logged.")
    }

    /// Logs the error that this is told for.
    func log(_ error: any Error, route: String, to logger: Logger) {
        switch status.code {
        case 503: logger.warning("unavailable", error: error, metadata: ["route": "\(route)"])
        case 500...: logger.error("failed", error: error, metadata: ["route": "\(route)"])
        default: logger.debug("refused", error: error, metadata: ["route": "\(route)"])
        }
    }
}

extension Request {
    /// Whether it is made by a browser that shows the answer as a page.
    var prefersHTML: Bool {
        headers[.accept]?.contains("text/html") == true && !uri.path.hasPrefix("/api/")
    }
}
