-- Phase 1.1, types. Their order is the order in which lists are sorted.

create type public.organization_type as enum (
  'customer', 'principal', 'distributor', 'prospect', 'vendor', 'partner', 'unknown');
create type public.contact_role as enum (
  'decision_maker', 'influencer', 'buyer', 'end_user', 'gatekeeper', 'champion', 'technical', 'executive', 'unknown');
create type public.opportunity_stage as enum (
  'lead', 'qualified', 'needs_analysis', 'proposal', 'negotiation', 'closed_won', 'closed_lost', 'nurturing');
create type public.opportunity_status as enum ('active', 'on_hold', 'nurturing', 'stalled', 'expired');
create type public.interaction_type as enum (
  'call', 'email', 'meeting', 'demo', 'proposal', 'follow_up', 'trade_show', 'site_visit', 'contract_review',
  'check_in', 'social', 'visit', 'negotiation');
create type public.activity_type as enum ('engagement', 'interaction');
create type public.priority_level as enum ('low', 'medium', 'high', 'critical');
