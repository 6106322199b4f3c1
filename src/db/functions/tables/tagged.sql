-- owner: owner; callers: none
-- The tags of an array of them, each as a whole, apart from the words.
create or replace function app.tagged(name text, model text, tags text) returns void language plpgsql as $body$
begin
  perform app.indexed(name, 'tag', model || '#' || tags, format('unnest(n.%I)', tags), array[tags]);
end $body$;
