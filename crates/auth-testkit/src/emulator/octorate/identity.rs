//! The four identity endpoints of Octorate.

use auth_core::Now;

use super::{
    OctorateKnobs,
    answers::{bad_parameters, error},
    state::Owner,
};
use crate::{
    emulator::{
        check::{Body, Parameters, Shape, check},
        desk::Desk,
        vault::Standing,
    },
    ledger::{DeviationKind, Notes, Request},
    server::Answer,
};

impl Desk<OctorateKnobs> {
    pub(super) fn token(&mut self, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        let names = [
            "client_id",
            "client_secret",
            "redirect_uri",
            "grant_type",
            "code",
        ];
        let all = match self.read(request, &names, &[], "code", notes) {
            Ok(all) => all,
            Err(answer) => return answer,
        };
        let grant = all.get("grant_type").unwrap_or_default();
        if !self
            .knobs
            .accepted_grant_types
            .iter()
            .any(|own| own == grant)
        {
            notes.deviation(DeviationKind::GrantName, grant);
            return bad_parameters("grant_type");
        }
        if !self.is_client(&all) {
            return self.refuse();
        }
        let code = all.get("code").unwrap_or_default();
        let standing = self.own.codes.standing(code, now.monotonic);
        let about = match standing {
            Standing::Good(about) => about.clone(),
            _ => return self.refuse(),
        };
        // One shot, whatever comes of it.
        self.own.codes.kill(code);
        if all.get("redirect_uri") != Some(&about.redirect_uri) {
            notes.deviation(DeviationKind::RedirectUri, "redirect_uri");
            if self.knobs.require_exact_redirect_uri {
                return self.refuse();
            }
        }
        if self.knobs.reauthorization_cancels {
            self.refresh.kill_where(|own| *own == about.property);
        }
        let refresh = self.new_refresh(&about.property);
        self.reply(Owner::Property, Some(refresh), now)
    }

    pub(super) fn refresh(&mut self, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        let names = ["client_id", "client_secret", "refresh_token"];
        let optional: &[&str] = match self.knobs.grant_type_on_refresh {
            true => &["grant_type"],
            false => &[],
        };
        let all = match self.read(request, &names, optional, "refresh", notes) {
            Ok(all) => all,
            Err(answer) => return answer,
        };
        let token = all.get("refresh_token").unwrap_or_default();
        if !self.is_client(&all) || !self.refresh.is_good(token, now.monotonic) {
            return self.refuse();
        }
        // The refresh token stays as it is and is not sent again.
        self.reply(Owner::Property, None, now)
    }

    pub(super) fn apilogin(&mut self, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        let names = ["client_id", "client_secret"];
        match self.read(request, &names, &[], "apilogin", notes) {
            Ok(all) if self.is_client(&all) => self.reply(Owner::Admin, None, now),
            Ok(_) => self.refuse(),
            Err(answer) => answer,
        }
    }

    pub(super) fn migrate(&mut self, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        let all = match self.read(request, &["accommodation"], &[], "migrate", notes) {
            Ok(all) => all,
            Err(answer) => return answer,
        };
        let key = request.header("key").unwrap_or_default().to_owned();
        let property = all.get("accommodation").unwrap_or_default();
        let known = self.own.keys.contains(&key);
        if !known || !self.own.migrated.insert((key, property.to_owned())) {
            return self.refuse();
        }
        let refresh = self.new_refresh(property);
        self.reply(Owner::Property, Some(refresh), now)
    }

    /// Compares a request with what is documented and returns its form, or what a wrong one is answered with.
    fn read(
        &self,
        request: &Request,
        required: &[&str],
        optional: &[&str],
        grant: &str,
        notes: &mut Notes,
    ) -> Result<Parameters, Answer> {
        let shape = Shape {
            method: "POST",
            query: &[],
            form: &[required, optional].concat(),
            required,
            body: Body::Form,
            headers: if grant == "migrate" { &["key"] } else { &[] },
        };
        check(request, &shape, notes);
        notes.grant(grant);
        if request.method() != "POST" {
            let answer = error(405, "MethodNotAllowed", "use POST");
            return Err(answer.header("allow", "POST"));
        }
        let whole = Parameters::new([request.query(), request.form()].concat());
        if let Some(name) = whole.repeated() {
            return Err(bad_parameters(name));
        }
        let form = Parameters::new(request.form());
        match required.iter().find(|name| form.get(name).is_none()) {
            Some(name) => Err(bad_parameters(name)),
            None => Ok(form),
        }
    }

    fn is_client(&self, all: &Parameters) -> bool {
        let (id, secret) = &self.client;
        all.get("client_id") == Some(id) && all.get("client_secret") == Some(secret)
    }

    fn refuse(&self) -> Answer {
        let status = self.knobs.error_status_bad_credentials;
        error(
            status,
            "ApiSecurityException",
            "the credentials are not valid",
        )
    }
}
