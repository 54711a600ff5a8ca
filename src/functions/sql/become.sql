select set_config('search_path', 'public, extensions', true),
       set_config('role', $1::text, true),
       set_config('request.jwt.claims', $2::text, true),
       set_config('request.headers', $3::text, true),
       set_config('request.method', $4::text, true)
