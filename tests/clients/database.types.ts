export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[]

export type Database = {
  // Read by createClient, so that its own type parameters need not name the version.
  __InternalSupabase: {
    PostgrestVersion: "14.1"
  }
  public: {
    Tables: {
      activities: {
        Row: {
          activity_date: string | null
          activity_type: Database["public"]["Enums"]["activity_type"]
          attachments: string[] | null
          attendees: string[] | null
          contact_id: number | null
          created_at: string
          created_by: number | null
          deleted_at: string | null
          description: string | null
          duration_minutes: number | null
          follow_up_date: string | null
          follow_up_notes: string | null
          follow_up_required: boolean | null
          id: number
          location: string | null
          opportunity_id: number | null
          organization_id: number | null
          outcome: string | null
          sentiment: string | null
          source: string | null
          source_id: number | null
          subject: string
          tags: string[] | null
          type: Database["public"]["Enums"]["interaction_type"]
          updated_at: string
        }
        Insert: {
          activity_date?: string | null
          activity_type: Database["public"]["Enums"]["activity_type"]
          attachments?: string[] | null
          attendees?: string[] | null
          contact_id?: number | null
          created_at?: string
          created_by?: number | null
          deleted_at?: string | null
          description?: string | null
          duration_minutes?: number | null
          follow_up_date?: string | null
          follow_up_notes?: string | null
          follow_up_required?: boolean | null
          id?: number
          location?: string | null
          opportunity_id?: number | null
          organization_id?: number | null
          outcome?: string | null
          sentiment?: string | null
          source?: string | null
          source_id?: number | null
          subject: string
          tags?: string[] | null
          type: Database["public"]["Enums"]["interaction_type"]
          updated_at?: string
        }
        Update: {
          activity_date?: string | null
          activity_type?: Database["public"]["Enums"]["activity_type"]
          attachments?: string[] | null
          attendees?: string[] | null
          contact_id?: number | null
          created_at?: string
          created_by?: number | null
          deleted_at?: string | null
          description?: string | null
          duration_minutes?: number | null
          follow_up_date?: string | null
          follow_up_notes?: string | null
          follow_up_required?: boolean | null
          id?: number
          location?: string | null
          opportunity_id?: number | null
          organization_id?: number | null
          outcome?: string | null
          sentiment?: string | null
          source?: string | null
          source_id?: number | null
          subject?: string
          tags?: string[] | null
          type?: Database["public"]["Enums"]["interaction_type"]
          updated_at?: string
        }
        Relationships: [
          {
            foreignKeyName: "activities_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_engagement_summary"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "activities_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_influence_profile"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "activities_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_created_by_fkey"
            columns: ["created_by"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "interaction_analytics"
            referencedColumns: ["opportunity_id"]
          },
          {
            foreignKeyName: "activities_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_legacy"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_participants"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_status"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
        ]
      }
      companies: {
        Row: {
          address: string | null
          city: string | null
          context_links: Json | null
          country: string | null
          created_at: string
          deleted_at: string | null
          description: string | null
          id: number
          import_session_id: string | null
          is_distributor: boolean
          is_principal: boolean
          linkedin_url: string | null
          logo: Json | null
          name: string
          organization_type:
            Database["public"]["Enums"]["organization_type"] | null
          parent_company_id: number | null
          phone_number: string | null
          priority: string | null
          revenue: string | null
          sales_id: number | null
          search_tsv: unknown | null
          sector: string | null
          segment: string | null
          size: number | null
          stateAbbr: string | null
          tax_identifier: string | null
          website: string | null
          zipcode: string | null
        }
        Insert: {
          address?: string | null
          city?: string | null
          context_links?: Json | null
          country?: string | null
          created_at?: string
          deleted_at?: string | null
          description?: string | null
          id?: number
          import_session_id?: string | null
          is_distributor?: boolean
          is_principal?: boolean
          linkedin_url?: string | null
          logo?: Json | null
          name: string
          organization_type?:
            Database["public"]["Enums"]["organization_type"] | null
          parent_company_id?: number | null
          phone_number?: string | null
          priority?: string | null
          revenue?: string | null
          sales_id?: number | null
          search_tsv?: unknown | null
          sector?: string | null
          segment?: string | null
          size?: number | null
          stateAbbr?: string | null
          tax_identifier?: string | null
          website?: string | null
          zipcode?: string | null
        }
        Update: {
          address?: string | null
          city?: string | null
          context_links?: Json | null
          country?: string | null
          created_at?: string
          deleted_at?: string | null
          description?: string | null
          id?: number
          import_session_id?: string | null
          is_distributor?: boolean
          is_principal?: boolean
          linkedin_url?: string | null
          logo?: Json | null
          name?: string
          organization_type?:
            Database["public"]["Enums"]["organization_type"] | null
          parent_company_id?: number | null
          phone_number?: string | null
          priority?: string | null
          revenue?: string | null
          sales_id?: number | null
          search_tsv?: unknown | null
          sector?: string | null
          segment?: string | null
          size?: number | null
          stateAbbr?: string | null
          tax_identifier?: string | null
          website?: string | null
          zipcode?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "companies_parent_company_id_fkey"
            columns: ["parent_company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "companies_parent_company_id_fkey"
            columns: ["parent_company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "companies_parent_company_id_fkey"
            columns: ["parent_company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "companies_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      contactNotes: {
        Row: {
          attachments: Json[] | null
          contact_id: number
          date: string | null
          id: number
          sales_id: number | null
          status: string | null
          text: string | null
        }
        Insert: {
          attachments?: Json[] | null
          contact_id: number
          date?: string | null
          id?: number
          sales_id?: number | null
          status?: string | null
          text?: string | null
        }
        Update: {
          attachments?: Json[] | null
          contact_id?: number
          date?: string | null
          id?: number
          sales_id?: number | null
          status?: string | null
          text?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "contactNotes_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_engagement_summary"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "contactNotes_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_influence_profile"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "contactNotes_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contactNotes_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contactNotes_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      contact_organizations: {
        Row: {
          contact_id: number
          created_at: string
          created_by: number | null
          decision_authority: string | null
          deleted_at: string | null
          id: number
          is_primary_contact: boolean
          is_primary_decision_maker: boolean
          is_primary_organization: boolean
          notes: string | null
          organization_id: number
          purchase_influence: string | null
          relationship_end_date: string | null
          relationship_start_date: string | null
          role: Database["public"]["Enums"]["contact_role"] | null
          updated_at: string
        }
        Insert: {
          contact_id: number
          created_at?: string
          created_by?: number | null
          decision_authority?: string | null
          deleted_at?: string | null
          id?: number
          is_primary_contact?: boolean
          is_primary_decision_maker?: boolean
          is_primary_organization?: boolean
          notes?: string | null
          organization_id: number
          purchase_influence?: string | null
          relationship_end_date?: string | null
          relationship_start_date?: string | null
          role?: Database["public"]["Enums"]["contact_role"] | null
          updated_at?: string
        }
        Update: {
          contact_id?: number
          created_at?: string
          created_by?: number | null
          decision_authority?: string | null
          deleted_at?: string | null
          id?: number
          is_primary_contact?: boolean
          is_primary_decision_maker?: boolean
          is_primary_organization?: boolean
          notes?: string | null
          organization_id?: number
          purchase_influence?: string | null
          relationship_end_date?: string | null
          relationship_start_date?: string | null
          role?: Database["public"]["Enums"]["contact_role"] | null
          updated_at?: string
        }
        Relationships: [
          {
            foreignKeyName: "contact_organizations_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_engagement_summary"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "contact_organizations_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_influence_profile"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "contact_organizations_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_organizations_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_organizations_created_by_fkey"
            columns: ["created_by"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_organizations_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_organizations_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_organizations_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
        ]
      }
      contact_preferred_principals: {
        Row: {
          advocacy_notes: string | null
          advocacy_strength: number | null
          contact_id: number
          created_at: string
          created_by: number | null
          deleted_at: string | null
          id: number
          last_interaction_date: string | null
          principal_organization_id: number
          purchase_influence_for_principal: string | null
          relationship_type: string | null
          updated_at: string
        }
        Insert: {
          advocacy_notes?: string | null
          advocacy_strength?: number | null
          contact_id: number
          created_at?: string
          created_by?: number | null
          deleted_at?: string | null
          id?: number
          last_interaction_date?: string | null
          principal_organization_id: number
          purchase_influence_for_principal?: string | null
          relationship_type?: string | null
          updated_at?: string
        }
        Update: {
          advocacy_notes?: string | null
          advocacy_strength?: number | null
          contact_id?: number
          created_at?: string
          created_by?: number | null
          deleted_at?: string | null
          id?: number
          last_interaction_date?: string | null
          principal_organization_id?: number
          purchase_influence_for_principal?: string | null
          relationship_type?: string | null
          updated_at?: string
        }
        Relationships: [
          {
            foreignKeyName: "contact_preferred_principals_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_engagement_summary"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "contact_preferred_principals_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_influence_profile"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "contact_preferred_principals_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_preferred_principals_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_preferred_principals_created_by_fkey"
            columns: ["created_by"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_preferred_principals_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_preferred_principals_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contact_preferred_principals_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
        ]
      }
      contacts: {
        Row: {
          avatar: Json | null
          background: string | null
          company_id: number | null
          company_id_backup: number | null
          decision_authority: string | null
          deleted_at: string | null
          department: string | null
          email_jsonb: Json | null
          first_name: string | null
          first_seen: string | null
          gender: string | null
          has_newsletter: boolean | null
          id: number
          is_primary_contact: boolean
          last_name: string | null
          last_seen: string | null
          linkedin_url: string | null
          organizations: Json | null
          phone_jsonb: Json | null
          purchase_influence: string | null
          role: Database["public"]["Enums"]["contact_role"] | null
          sales_id: number | null
          search_tsv: unknown | null
          status: string | null
          tags: number[] | null
          title: string | null
        }
        Insert: {
          avatar?: Json | null
          background?: string | null
          company_id?: number | null
          company_id_backup?: number | null
          decision_authority?: string | null
          deleted_at?: string | null
          department?: string | null
          email_jsonb?: Json | null
          first_name?: string | null
          first_seen?: string | null
          gender?: string | null
          has_newsletter?: boolean | null
          id?: number
          is_primary_contact?: boolean
          last_name?: string | null
          last_seen?: string | null
          linkedin_url?: string | null
          organizations?: Json | null
          phone_jsonb?: Json | null
          purchase_influence?: string | null
          role?: Database["public"]["Enums"]["contact_role"] | null
          sales_id?: number | null
          search_tsv?: unknown | null
          status?: string | null
          tags?: number[] | null
          title?: string | null
        }
        Update: {
          avatar?: Json | null
          background?: string | null
          company_id?: number | null
          company_id_backup?: number | null
          decision_authority?: string | null
          deleted_at?: string | null
          department?: string | null
          email_jsonb?: Json | null
          first_name?: string | null
          first_seen?: string | null
          gender?: string | null
          has_newsletter?: boolean | null
          id?: number
          is_primary_contact?: boolean
          last_name?: string | null
          last_seen?: string | null
          linkedin_url?: string | null
          organizations?: Json | null
          phone_jsonb?: Json | null
          purchase_influence?: string | null
          role?: Database["public"]["Enums"]["contact_role"] | null
          sales_id?: number | null
          search_tsv?: unknown | null
          status?: string | null
          tags?: number[] | null
          title?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "contacts_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      interaction_participants: {
        Row: {
          activity_id: number
          contact_id: number | null
          created_at: string
          id: number
          notes: string | null
          organization_id: number | null
          role: string | null
        }
        Insert: {
          activity_id: number
          contact_id?: number | null
          created_at?: string
          id?: number
          notes?: string | null
          organization_id?: number | null
          role?: string | null
        }
        Update: {
          activity_id?: number
          contact_id?: number | null
          created_at?: string
          id?: number
          notes?: string | null
          organization_id?: number | null
          role?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "interaction_participants_activity_id_fkey"
            columns: ["activity_id"]
            isOneToOne: false
            referencedRelation: "activities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "interaction_participants_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_engagement_summary"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "interaction_participants_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_influence_profile"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "interaction_participants_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "interaction_participants_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "interaction_participants_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "interaction_participants_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "interaction_participants_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
        ]
      }
      opportunities: {
        Row: {
          actual_close_date: string | null
          amount: number | null
          archived_at: string | null
          category: string | null
          company_id: number | null
          competition: string | null
          contact_ids: number[] | null
          created_at: string
          customer_organization_id: number | null
          decision_criteria: string | null
          deleted_at: string | null
          description: string | null
          distributor_organization_id: number | null
          estimated_close_date: string | null
          expected_closing_date: string | null
          founding_interaction_id: number | null
          id: number
          index: number | null
          legacy_stage: string
          name: string
          next_action: string | null
          next_action_date: string | null
          original_company_id: number | null
          principal_organization_id: number | null
          priority: Database["public"]["Enums"]["priority_level"]
          probability: number
          sales_id: number | null
          search_tsv: unknown | null
          stage: Database["public"]["Enums"]["opportunity_stage"]
          stage_manual: boolean
          status: Database["public"]["Enums"]["opportunity_status"]
          status_manual: boolean
          updated_at: string
        }
        Insert: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          competition?: string | null
          contact_ids?: number[] | null
          created_at?: string
          customer_organization_id?: number | null
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number
          index?: number | null
          legacy_stage: string
          name: string
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          principal_organization_id?: number | null
          priority?: Database["public"]["Enums"]["priority_level"]
          probability: number
          sales_id?: number | null
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"]
          stage_manual?: boolean
          status?: Database["public"]["Enums"]["opportunity_status"]
          status_manual?: boolean
          updated_at?: string
        }
        Update: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          competition?: string | null
          contact_ids?: number[] | null
          created_at?: string
          customer_organization_id?: number | null
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number
          index?: number | null
          legacy_stage?: string
          name?: string
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          principal_organization_id?: number | null
          priority?: Database["public"]["Enums"]["priority_level"]
          probability?: number
          sales_id?: number | null
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"]
          stage_manual?: boolean
          status?: Database["public"]["Enums"]["opportunity_status"]
          status_manual?: boolean
          updated_at?: string
        }
        Relationships: [
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      opportunityNotes: {
        Row: {
          attachments: Json[] | null
          date: string | null
          id: number
          opportunity_id: number
          sales_id: number | null
          text: string | null
          type: string | null
        }
        Insert: {
          attachments?: Json[] | null
          date?: string | null
          id?: number
          opportunity_id: number
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Update: {
          attachments?: Json[] | null
          date?: string | null
          id?: number
          opportunity_id?: number
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "interaction_analytics"
            referencedColumns: ["opportunity_id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_legacy"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_participants"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_status"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      opportunity_contacts: {
        Row: {
          contact_id: number
          created_at: string
          id: number
          is_primary: boolean
          opportunity_id: number
          position: number | null
          role: Database["public"]["Enums"]["contact_role"] | null
        }
        Insert: {
          contact_id: number
          created_at?: string
          id?: number
          is_primary?: boolean
          opportunity_id: number
          position?: number | null
          role?: Database["public"]["Enums"]["contact_role"] | null
        }
        Update: {
          contact_id?: number
          created_at?: string
          id?: number
          is_primary?: boolean
          opportunity_id?: number
          position?: number | null
          role?: Database["public"]["Enums"]["contact_role"] | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunity_contacts_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_engagement_summary"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "opportunity_contacts_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_influence_profile"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "opportunity_contacts_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_contacts_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_contacts_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_contacts_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_contacts_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "interaction_analytics"
            referencedColumns: ["opportunity_id"]
          },
          {
            foreignKeyName: "opportunity_contacts_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_contacts_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_legacy"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_contacts_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_contacts_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_participants"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_contacts_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_status"
            referencedColumns: ["id"]
          },
        ]
      }
      opportunity_participants: {
        Row: {
          commission_rate: number | null
          created_at: string
          created_by: number | null
          deleted_at: string | null
          id: number
          is_primary: boolean
          notes: string | null
          opportunity_id: number
          organization_id: number
          role: string
          territory: string | null
          updated_at: string
        }
        Insert: {
          commission_rate?: number | null
          created_at?: string
          created_by?: number | null
          deleted_at?: string | null
          id?: number
          is_primary?: boolean
          notes?: string | null
          opportunity_id: number
          organization_id: number
          role: string
          territory?: string | null
          updated_at?: string
        }
        Update: {
          commission_rate?: number | null
          created_at?: string
          created_by?: number | null
          deleted_at?: string | null
          id?: number
          is_primary?: boolean
          notes?: string | null
          opportunity_id?: number
          organization_id?: number
          role?: string
          territory?: string | null
          updated_at?: string
        }
        Relationships: [
          {
            foreignKeyName: "opportunity_participants_created_by_fkey"
            columns: ["created_by"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "interaction_analytics"
            referencedColumns: ["opportunity_id"]
          },
          {
            foreignKeyName: "opportunity_participants_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_legacy"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_participants"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_status"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_participants_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
        ]
      }
      opportunity_products: {
        Row: {
          created_at: string
          created_by: number | null
          discount_percent: number | null
          extended_price: number | null
          final_price: number | null
          id: number
          notes: string | null
          opportunity_id: number
          product_category: string | null
          product_id: number | null
          product_name: string
          quantity: number | null
          unit_price: number | null
          updated_at: string
        }
        Insert: {
          created_at?: string
          created_by?: number | null
          discount_percent?: number | null
          extended_price?: never
          final_price?: never
          id?: number
          notes?: string | null
          opportunity_id: number
          product_category?: string | null
          product_id?: number | null
          product_name: string
          quantity?: number | null
          unit_price?: number | null
          updated_at?: string
        }
        Update: {
          created_at?: string
          created_by?: number | null
          discount_percent?: number | null
          extended_price?: never
          final_price?: never
          id?: number
          notes?: string | null
          opportunity_id?: number
          product_category?: string | null
          product_id?: number | null
          product_name?: string
          quantity?: number | null
          unit_price?: number | null
          updated_at?: string
        }
        Relationships: [
          {
            foreignKeyName: "opportunity_products_created_by_fkey"
            columns: ["created_by"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_products_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_products_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_products_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "interaction_analytics"
            referencedColumns: ["opportunity_id"]
          },
          {
            foreignKeyName: "opportunity_products_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_products_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_legacy"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_products_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_products_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_participants"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunity_products_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_status"
            referencedColumns: ["id"]
          },
        ]
      }
      sales: {
        Row: {
          administrator: boolean
          avatar: Json | null
          disabled: boolean
          email: string
          first_name: string
          id: number
          last_name: string
          user_id: string
        }
        Insert: {
          administrator: boolean
          avatar?: Json | null
          disabled?: boolean
          email: string
          first_name: string
          id?: number
          last_name: string
          user_id: string
        }
        Update: {
          administrator?: boolean
          avatar?: Json | null
          disabled?: boolean
          email?: string
          first_name?: string
          id?: number
          last_name?: string
          user_id?: string
        }
        Relationships: []
      }
      tags: {
        Row: {
          color: string
          id: number
          name: string
        }
        Insert: {
          color: string
          id?: number
          name: string
        }
        Update: {
          color?: string
          id?: number
          name?: string
        }
        Relationships: []
      }
      tags_color_backup: {
        Row: {
          backup_date: string | null
          color: string | null
          id: number | null
          name: string | null
        }
        Insert: {
          backup_date?: string | null
          color?: string | null
          id?: number | null
          name?: string | null
        }
        Update: {
          backup_date?: string | null
          color?: string | null
          id?: number | null
          name?: string | null
        }
        Relationships: []
      }
      tasks: {
        Row: {
          contact_id: number
          done_date: string | null
          due_date: string
          id: number
          sales_id: number | null
          text: string | null
          type: string | null
        }
        Insert: {
          contact_id: number
          done_date?: string | null
          due_date: string
          id?: number
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Update: {
          contact_id?: number
          done_date?: string | null
          due_date?: string
          id?: number
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "tasks_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_engagement_summary"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "tasks_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_influence_profile"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "tasks_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "tasks_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts_summary"
            referencedColumns: ["id"]
          },
        ]
      }
    }
    Views: {
      activity_log: {
        Row: {
          company: Json | null
          company_id: number | null
          contact: Json | null
          contact_note: Json | null
          date: string | null
          deal: Json | null
          deal_note: Json | null
          id: string | null
          sales_id: number | null
          type: string | null
        }
        Relationships: []
      }
      companies_summary: {
        Row: {
          address: string | null
          city: string | null
          context_links: Json | null
          country: string | null
          created_at: string | null
          deleted_at: string | null
          description: string | null
          id: number | null
          import_session_id: string | null
          is_distributor: boolean | null
          is_principal: boolean | null
          linkedin_url: string | null
          logo: Json | null
          name: string | null
          nb_contacts: number | null
          nb_deals: number | null
          organization_type:
            Database["public"]["Enums"]["organization_type"] | null
          parent_company_id: number | null
          phone_number: string | null
          priority: string | null
          revenue: string | null
          sales_id: number | null
          sector: string | null
          segment: string | null
          size: number | null
          stateAbbr: string | null
          tax_identifier: string | null
          website: string | null
          zipcode: string | null
        }
        Insert: {
          address?: string | null
          city?: string | null
          context_links?: Json | null
          country?: string | null
          created_at?: string | null
          deleted_at?: string | null
          description?: string | null
          id?: number | null
          import_session_id?: string | null
          is_distributor?: boolean | null
          is_principal?: boolean | null
          linkedin_url?: string | null
          logo?: Json | null
          name?: string | null
          nb_contacts?: never
          nb_deals?: never
          organization_type?:
            Database["public"]["Enums"]["organization_type"] | null
          parent_company_id?: number | null
          phone_number?: string | null
          priority?: string | null
          revenue?: string | null
          sales_id?: number | null
          sector?: string | null
          segment?: string | null
          size?: number | null
          stateAbbr?: string | null
          tax_identifier?: string | null
          website?: string | null
          zipcode?: string | null
        }
        Update: {
          address?: string | null
          city?: string | null
          context_links?: Json | null
          country?: string | null
          created_at?: string | null
          deleted_at?: string | null
          description?: string | null
          id?: number | null
          import_session_id?: string | null
          is_distributor?: boolean | null
          is_principal?: boolean | null
          linkedin_url?: string | null
          logo?: Json | null
          name?: string | null
          nb_contacts?: never
          nb_deals?: never
          organization_type?:
            Database["public"]["Enums"]["organization_type"] | null
          parent_company_id?: number | null
          phone_number?: string | null
          priority?: string | null
          revenue?: string | null
          sales_id?: number | null
          sector?: string | null
          segment?: string | null
          size?: number | null
          stateAbbr?: string | null
          tax_identifier?: string | null
          website?: string | null
          zipcode?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "companies_parent_company_id_fkey"
            columns: ["parent_company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "companies_parent_company_id_fkey"
            columns: ["parent_company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "companies_parent_company_id_fkey"
            columns: ["parent_company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "companies_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      contact_engagement_summary: {
        Row: {
          contact_id: number | null
          contact_name: string | null
          days_since_last_activity: number | null
          engagement_count: number | null
          interaction_count: number | null
          last_activity_date: string | null
          organization_id: number | null
          pending_follow_ups: number | null
          total_activities: number | null
        }
        Relationships: [
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
        ]
      }
      contact_influence_profile: {
        Row: {
          advocated_principals: Json | null
          advocated_principals_count: number | null
          avg_advocacy_strength: number | null
          contact_id: number | null
          contact_name: string | null
          highest_role: Database["public"]["Enums"]["contact_role"] | null
          organization_count: number | null
          organizations: Json | null
          title: string | null
        }
        Relationships: []
      }
      contact_notes: {
        Row: {
          attachments: Json[] | null
          contact_id: number | null
          date: string | null
          id: number | null
          sales_id: number | null
          status: string | null
          text: string | null
        }
        Insert: {
          attachments?: Json[] | null
          contact_id?: number | null
          date?: string | null
          id?: number | null
          sales_id?: number | null
          status?: string | null
          text?: string | null
        }
        Update: {
          attachments?: Json[] | null
          contact_id?: number | null
          date?: string | null
          id?: number | null
          sales_id?: number | null
          status?: string | null
          text?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "contactNotes_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_engagement_summary"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "contactNotes_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contact_influence_profile"
            referencedColumns: ["contact_id"]
          },
          {
            foreignKeyName: "contactNotes_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contactNotes_contact_id_fkey"
            columns: ["contact_id"]
            isOneToOne: false
            referencedRelation: "contacts_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contactNotes_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      contacts_summary: {
        Row: {
          avatar: Json | null
          background: string | null
          company_id: number | null
          company_name: string | null
          decision_authority: string | null
          deleted_at: string | null
          department: string | null
          email_fts: string | null
          email_jsonb: Json | null
          first_name: string | null
          first_seen: string | null
          gender: string | null
          has_newsletter: boolean | null
          id: number | null
          is_primary_contact: boolean | null
          last_name: string | null
          last_seen: string | null
          linkedin_url: string | null
          nb_tasks: number | null
          organization_ids: number[] | null
          organizations: Json | null
          phone_fts: string | null
          phone_jsonb: Json | null
          purchase_influence: string | null
          role: Database["public"]["Enums"]["contact_role"] | null
          sales_id: number | null
          status: string | null
          tags: number[] | null
          title: string | null
          total_organizations: number | null
        }
        Insert: {
          avatar?: Json | null
          background?: string | null
          company_id?: number | null
          company_name?: never
          decision_authority?: string | null
          deleted_at?: string | null
          department?: string | null
          email_fts?: never
          email_jsonb?: Json | null
          first_name?: string | null
          first_seen?: string | null
          gender?: string | null
          has_newsletter?: boolean | null
          id?: number | null
          is_primary_contact?: boolean | null
          last_name?: string | null
          last_seen?: string | null
          linkedin_url?: string | null
          nb_tasks?: never
          organization_ids?: never
          organizations?: never
          phone_fts?: never
          phone_jsonb?: Json | null
          purchase_influence?: string | null
          role?: Database["public"]["Enums"]["contact_role"] | null
          sales_id?: number | null
          status?: string | null
          tags?: number[] | null
          title?: string | null
          total_organizations?: never
        }
        Update: {
          avatar?: Json | null
          background?: string | null
          company_id?: number | null
          company_name?: never
          decision_authority?: string | null
          deleted_at?: string | null
          department?: string | null
          email_fts?: never
          email_jsonb?: Json | null
          first_name?: string | null
          first_seen?: string | null
          gender?: string | null
          has_newsletter?: boolean | null
          id?: number | null
          is_primary_contact?: boolean | null
          last_name?: string | null
          last_seen?: string | null
          linkedin_url?: string | null
          nb_tasks?: never
          organization_ids?: never
          organizations?: never
          phone_fts?: never
          phone_jsonb?: Json | null
          purchase_influence?: string | null
          role?: Database["public"]["Enums"]["contact_role"] | null
          sales_id?: number | null
          status?: string | null
          tags?: number[] | null
          title?: string | null
          total_organizations?: never
        }
        Relationships: [
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "contacts_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "contacts_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      dealNotes: {
        Row: {
          attachments: Json[] | null
          date: string | null
          deal_id: number | null
          id: number | null
          sales_id: number | null
          text: string | null
          type: string | null
        }
        Insert: {
          attachments?: Json[] | null
          date?: string | null
          deal_id?: number | null
          id?: number | null
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Update: {
          attachments?: Json[] | null
          date?: string | null
          deal_id?: number | null
          id?: number | null
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "deals"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "deals_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "interaction_analytics"
            referencedColumns: ["opportunity_id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities_legacy"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_participants"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_status"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      deal_notes: {
        Row: {
          attachments: Json[] | null
          date: string | null
          deal_id: number | null
          id: number | null
          sales_id: number | null
          text: string | null
          type: string | null
        }
        Insert: {
          attachments?: Json[] | null
          date?: string | null
          deal_id?: number | null
          id?: number | null
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Update: {
          attachments?: Json[] | null
          date?: string | null
          deal_id?: number | null
          id?: number | null
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "deals"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "deals_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "interaction_analytics"
            referencedColumns: ["opportunity_id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities_legacy"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_participants"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["deal_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_status"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      deals: {
        Row: {
          amount: number | null
          archived_at: string | null
          category: string | null
          company_id: number | null
          contact_ids: number[] | null
          created_at: string | null
          description: string | null
          expected_closing_date: string | null
          id: number | null
          index: number | null
          name: string | null
          sales_id: number | null
          stage: string | null
          updated_at: string | null
        }
        Insert: {
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          contact_ids?: number[] | null
          created_at?: string | null
          description?: string | null
          expected_closing_date?: string | null
          id?: number | null
          index?: number | null
          name?: string | null
          sales_id?: number | null
          stage?: string | null
          updated_at?: string | null
        }
        Update: {
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          contact_ids?: number[] | null
          created_at?: string | null
          description?: string | null
          expected_closing_date?: string | null
          id?: number | null
          index?: number | null
          name?: string | null
          sales_id?: number | null
          stage?: string | null
          updated_at?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      deals_summary: {
        Row: {
          amount: number | null
          archived_at: string | null
          category: string | null
          company_id: number | null
          company_name: string | null
          contact_ids: number[] | null
          contact_names: string[] | null
          created_at: string | null
          description: string | null
          expected_closing_date: string | null
          id: number | null
          index: number | null
          name: string | null
          nb_notes: number | null
          sales_id: number | null
          stage: string | null
          updated_at: string | null
        }
        Insert: {
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          company_name?: never
          contact_ids?: number[] | null
          contact_names?: never
          created_at?: string | null
          description?: string | null
          expected_closing_date?: string | null
          id?: number | null
          index?: number | null
          name?: string | null
          nb_notes?: never
          sales_id?: number | null
          stage?: string | null
          updated_at?: string | null
        }
        Update: {
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          company_name?: never
          contact_ids?: number[] | null
          contact_names?: never
          created_at?: string | null
          description?: string | null
          expected_closing_date?: string | null
          id?: number | null
          index?: number | null
          name?: string | null
          nb_notes?: never
          sales_id?: number | null
          stage?: string | null
          updated_at?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      engagement_analytics: {
        Row: {
          avg_duration_minutes: number | null
          engagement_count: number | null
          follow_ups_required: number | null
          last_engagement_date: string | null
          organization_id: number | null
          organization_name: string | null
          type: Database["public"]["Enums"]["interaction_type"] | null
          unique_contacts: number | null
        }
        Relationships: [
          {
            foreignKeyName: "activities_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "activities_organization_id_fkey"
            columns: ["organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
        ]
      }
      init_state: {
        Row: {
          is_initialized: number | null
        }
        Relationships: []
      }
      interaction_analytics: {
        Row: {
          avg_duration_minutes: number | null
          days_since_last_interaction: number | null
          first_interaction_date: string | null
          follow_ups_required: number | null
          interaction_count: number | null
          last_interaction_date: string | null
          negative_interactions: number | null
          neutral_interactions: number | null
          opportunity_id: number | null
          opportunity_name: string | null
          positive_interactions: number | null
          stage: Database["public"]["Enums"]["opportunity_stage"] | null
          unique_contacts: number | null
        }
        Relationships: []
      }
      migration_errors: {
        Row: {
          created_at: string | null
          details: Json | null
          entity: string | null
          entity_id: string | null
          id: number | null
          message: string | null
          phase: string | null
          run_id: string | null
          severity: string | null
          step: string | null
        }
        Insert: {
          created_at?: string | null
          details?: Json | null
          entity?: string | null
          entity_id?: string | null
          id?: number | null
          message?: string | null
          phase?: string | null
          run_id?: string | null
          severity?: string | null
          step?: string | null
        }
        Update: {
          created_at?: string | null
          details?: Json | null
          entity?: string | null
          entity_id?: string | null
          id?: number | null
          message?: string | null
          phase?: string | null
          run_id?: string | null
          severity?: string | null
          step?: string | null
        }
        Relationships: []
      }
      migration_history: {
        Row: {
          completed_at: string | null
          created_at: string | null
          error_message: string | null
          id: number | null
          metadata: Json | null
          phase_name: string | null
          phase_number: string | null
          rollback_sql: string | null
          rows_affected: number | null
          run_id: string | null
          started_at: string | null
          status: string | null
          step: string | null
          updated_at: string | null
        }
        Insert: {
          completed_at?: string | null
          created_at?: string | null
          error_message?: string | null
          id?: number | null
          metadata?: Json | null
          phase_name?: string | null
          phase_number?: string | null
          rollback_sql?: string | null
          rows_affected?: number | null
          run_id?: string | null
          started_at?: string | null
          status?: string | null
          step?: string | null
          updated_at?: string | null
        }
        Update: {
          completed_at?: string | null
          created_at?: string | null
          error_message?: string | null
          id?: number | null
          metadata?: Json | null
          phase_name?: string | null
          phase_number?: string | null
          rollback_sql?: string | null
          rows_affected?: number | null
          run_id?: string | null
          started_at?: string | null
          status?: string | null
          step?: string | null
          updated_at?: string | null
        }
        Relationships: []
      }
      migration_progress: {
        Row: {
          batch_number: number | null
          completed_at: string | null
          error_message: string | null
          estimated_completion: string | null
          id: number | null
          last_key: number | null
          phase: string | null
          rows_processed: number | null
          run_id: string | null
          started_at: string | null
          status: string | null
          step: string | null
          total_batches: number | null
          total_rows: number | null
        }
        Insert: {
          batch_number?: number | null
          completed_at?: string | null
          error_message?: string | null
          estimated_completion?: string | null
          id?: number | null
          last_key?: number | null
          phase?: string | null
          rows_processed?: number | null
          run_id?: string | null
          started_at?: string | null
          status?: string | null
          step?: string | null
          total_batches?: number | null
          total_rows?: number | null
        }
        Update: {
          batch_number?: number | null
          completed_at?: string | null
          error_message?: string | null
          estimated_completion?: string | null
          id?: number | null
          last_key?: number | null
          phase?: string | null
          rows_processed?: number | null
          run_id?: string | null
          started_at?: string | null
          status?: string | null
          step?: string | null
          total_batches?: number | null
          total_rows?: number | null
        }
        Relationships: []
      }
      migration_validation_results: {
        Row: {
          check_type: string | null
          count_value: number | null
          created_at: string | null
          entity_name: string | null
          id: number | null
          message: string | null
          percentage: number | null
          run_id: string | null
          status: string | null
        }
        Insert: {
          check_type?: string | null
          count_value?: number | null
          created_at?: string | null
          entity_name?: string | null
          id?: number | null
          message?: string | null
          percentage?: number | null
          run_id?: string | null
          status?: string | null
        }
        Update: {
          check_type?: string | null
          count_value?: number | null
          created_at?: string | null
          entity_name?: string | null
          id?: number | null
          message?: string | null
          percentage?: number | null
          run_id?: string | null
          status?: string | null
        }
        Relationships: []
      }
      opportunities_legacy: {
        Row: {
          actual_close_date: string | null
          amount: number | null
          archived_at: string | null
          category: string | null
          company_id: number | null
          competition: string | null
          contact_ids: number[] | null
          created_at: string | null
          customer_organization_id: number | null
          customer_organization_id_computed: number | null
          decision_criteria: string | null
          deleted_at: string | null
          description: string | null
          distributor_organization_id: number | null
          distributor_organization_id_computed: number | null
          estimated_close_date: string | null
          expected_closing_date: string | null
          founding_interaction_id: number | null
          id: number | null
          index: number | null
          legacy_stage: string | null
          name: string | null
          next_action: string | null
          next_action_date: string | null
          original_company_id: number | null
          principal_organization_id: number | null
          principal_organization_id_computed: number | null
          priority: Database["public"]["Enums"]["priority_level"] | null
          probability: number | null
          sales_id: number | null
          search_tsv: unknown | null
          stage: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual: boolean | null
          status: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual: boolean | null
          updated_at: string | null
        }
        Insert: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          competition?: string | null
          contact_ids?: number[] | null
          created_at?: string | null
          customer_organization_id?: number | null
          customer_organization_id_computed?: never
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          distributor_organization_id_computed?: never
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number | null
          index?: number | null
          legacy_stage?: string | null
          name?: string | null
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          principal_organization_id?: number | null
          principal_organization_id_computed?: never
          priority?: Database["public"]["Enums"]["priority_level"] | null
          probability?: number | null
          sales_id?: number | null
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual?: boolean | null
          status?: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual?: boolean | null
          updated_at?: string | null
        }
        Update: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          competition?: string | null
          contact_ids?: number[] | null
          created_at?: string | null
          customer_organization_id?: number | null
          customer_organization_id_computed?: never
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          distributor_organization_id_computed?: never
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number | null
          index?: number | null
          legacy_stage?: string | null
          name?: string | null
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          principal_organization_id?: number | null
          principal_organization_id_computed?: never
          priority?: Database["public"]["Enums"]["priority_level"] | null
          probability?: number | null
          sales_id?: number | null
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual?: boolean | null
          status?: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual?: boolean | null
          updated_at?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      opportunities_summary: {
        Row: {
          actual_close_date: string | null
          amount: number | null
          archived_at: string | null
          category: string | null
          company_deleted: boolean | null
          company_id: number | null
          company_logo: Json | null
          company_name: string | null
          competition: string | null
          contact_ids: number[] | null
          contact_names: string[] | null
          created_at: string | null
          customer_organization_id: number | null
          decision_criteria: string | null
          deleted_at: string | null
          description: string | null
          distributor_organization_id: number | null
          estimated_close_date: string | null
          expected_closing_date: string | null
          founding_interaction_id: number | null
          id: number | null
          index: number | null
          legacy_stage: string | null
          name: string | null
          nb_notes: number | null
          next_action: string | null
          next_action_date: string | null
          original_company_id: number | null
          principal_organization_id: number | null
          priority: Database["public"]["Enums"]["priority_level"] | null
          probability: number | null
          sales_email: string | null
          sales_first_name: string | null
          sales_id: number | null
          sales_last_name: string | null
          search_tsv: unknown | null
          stage: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual: boolean | null
          status: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual: boolean | null
          updated_at: string | null
        }
        Insert: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_deleted?: never
          company_id?: number | null
          company_logo?: never
          company_name?: never
          competition?: string | null
          contact_ids?: number[] | null
          contact_names?: never
          created_at?: string | null
          customer_organization_id?: number | null
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number | null
          index?: number | null
          legacy_stage?: string | null
          name?: string | null
          nb_notes?: never
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          principal_organization_id?: number | null
          priority?: Database["public"]["Enums"]["priority_level"] | null
          probability?: number | null
          sales_email?: never
          sales_first_name?: never
          sales_id?: number | null
          sales_last_name?: never
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual?: boolean | null
          status?: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual?: boolean | null
          updated_at?: string | null
        }
        Update: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_deleted?: never
          company_id?: number | null
          company_logo?: never
          company_name?: never
          competition?: string | null
          contact_ids?: number[] | null
          contact_names?: never
          created_at?: string | null
          customer_organization_id?: number | null
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number | null
          index?: number | null
          legacy_stage?: string | null
          name?: string | null
          nb_notes?: never
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          principal_organization_id?: number | null
          priority?: Database["public"]["Enums"]["priority_level"] | null
          probability?: number | null
          sales_email?: never
          sales_first_name?: never
          sales_id?: number | null
          sales_last_name?: never
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual?: boolean | null
          status?: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual?: boolean | null
          updated_at?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      opportunities_with_participants: {
        Row: {
          actual_close_date: string | null
          amount: number | null
          archived_at: string | null
          category: string | null
          company_id: number | null
          competition: string | null
          contact_ids: number[] | null
          created_at: string | null
          customer_organization_id: number | null
          decision_criteria: string | null
          deleted_at: string | null
          description: string | null
          distributor_organization_id: number | null
          distributors: Json | null
          estimated_close_date: string | null
          expected_closing_date: string | null
          founding_interaction_id: number | null
          id: number | null
          index: number | null
          legacy_stage: string | null
          name: string | null
          next_action: string | null
          next_action_date: string | null
          original_company_id: number | null
          participant_count: number | null
          primary_customer: Json | null
          principal_count: number | null
          principal_organization_id: number | null
          principals: Json | null
          priority: Database["public"]["Enums"]["priority_level"] | null
          probability: number | null
          sales_id: number | null
          search_tsv: unknown | null
          stage: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual: boolean | null
          status: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual: boolean | null
          updated_at: string | null
        }
        Insert: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          competition?: string | null
          contact_ids?: number[] | null
          created_at?: string | null
          customer_organization_id?: number | null
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          distributors?: never
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number | null
          index?: number | null
          legacy_stage?: string | null
          name?: string | null
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          participant_count?: never
          primary_customer?: never
          principal_count?: never
          principal_organization_id?: number | null
          principals?: never
          priority?: Database["public"]["Enums"]["priority_level"] | null
          probability?: number | null
          sales_id?: number | null
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual?: boolean | null
          status?: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual?: boolean | null
          updated_at?: string | null
        }
        Update: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          competition?: string | null
          contact_ids?: number[] | null
          created_at?: string | null
          customer_organization_id?: number | null
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          distributors?: never
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number | null
          index?: number | null
          legacy_stage?: string | null
          name?: string | null
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          participant_count?: never
          primary_customer?: never
          principal_count?: never
          principal_organization_id?: number | null
          principals?: never
          priority?: Database["public"]["Enums"]["priority_level"] | null
          probability?: number | null
          sales_id?: number | null
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual?: boolean | null
          status?: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual?: boolean | null
          updated_at?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      opportunities_with_status: {
        Row: {
          actual_close_date: string | null
          amount: number | null
          archived_at: string | null
          category: string | null
          company_id: number | null
          competition: string | null
          contact_ids: number[] | null
          created_at: string | null
          customer_organization_id: number | null
          decision_criteria: string | null
          deleted_at: string | null
          description: string | null
          distributor_organization_id: number | null
          estimated_close_date: string | null
          expected_closing_date: string | null
          founding_interaction_id: number | null
          id: number | null
          index: number | null
          is_deal: boolean | null
          legacy_stage: string | null
          name: string | null
          next_action: string | null
          next_action_date: string | null
          original_company_id: number | null
          principal_organization_id: number | null
          priority: Database["public"]["Enums"]["priority_level"] | null
          probability: number | null
          sales_id: number | null
          search_tsv: unknown | null
          stage: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual: boolean | null
          status: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual: boolean | null
          updated_at: string | null
        }
        Insert: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          competition?: string | null
          contact_ids?: number[] | null
          created_at?: string | null
          customer_organization_id?: number | null
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number | null
          index?: number | null
          is_deal?: never
          legacy_stage?: string | null
          name?: string | null
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          principal_organization_id?: number | null
          priority?: Database["public"]["Enums"]["priority_level"] | null
          probability?: number | null
          sales_id?: number | null
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual?: boolean | null
          status?: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual?: boolean | null
          updated_at?: string | null
        }
        Update: {
          actual_close_date?: string | null
          amount?: number | null
          archived_at?: string | null
          category?: string | null
          company_id?: number | null
          competition?: string | null
          contact_ids?: number[] | null
          created_at?: string | null
          customer_organization_id?: number | null
          decision_criteria?: string | null
          deleted_at?: string | null
          description?: string | null
          distributor_organization_id?: number | null
          estimated_close_date?: string | null
          expected_closing_date?: string | null
          founding_interaction_id?: number | null
          id?: number | null
          index?: number | null
          is_deal?: never
          legacy_stage?: string | null
          name?: string | null
          next_action?: string | null
          next_action_date?: string | null
          original_company_id?: number | null
          principal_organization_id?: number | null
          priority?: Database["public"]["Enums"]["priority_level"] | null
          probability?: number | null
          sales_id?: number | null
          search_tsv?: unknown | null
          stage?: Database["public"]["Enums"]["opportunity_stage"] | null
          stage_manual?: boolean | null
          status?: Database["public"]["Enums"]["opportunity_status"] | null
          status_manual?: boolean | null
          updated_at?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_company_id_fkey"
            columns: ["company_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_customer_organization_id_fkey"
            columns: ["customer_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_distributor_organization_id_fkey"
            columns: ["distributor_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "companies_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunities_principal_organization_id_fkey"
            columns: ["principal_organization_id"]
            isOneToOne: false
            referencedRelation: "principal_advocacy_dashboard"
            referencedColumns: ["principal_id"]
          },
          {
            foreignKeyName: "opportunities_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      opportunity_activity_log: {
        Row: {
          company: Json | null
          company_id: number | null
          contact: Json | null
          contact_note: Json | null
          date: string | null
          id: string | null
          opportunity: Json | null
          opportunity_note: Json | null
          sales_id: number | null
          type: string | null
        }
        Relationships: []
      }
      opportunity_notes: {
        Row: {
          attachments: Json[] | null
          date: string | null
          id: number | null
          opportunity_id: number | null
          sales_id: number | null
          text: string | null
          type: string | null
        }
        Insert: {
          attachments?: Json[] | null
          date?: string | null
          id?: number | null
          opportunity_id?: number | null
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Update: {
          attachments?: Json[] | null
          date?: string | null
          id?: number | null
          opportunity_id?: number | null
          sales_id?: number | null
          text?: string | null
          type?: string | null
        }
        Relationships: [
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "deals_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "interaction_analytics"
            referencedColumns: ["opportunity_id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_legacy"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_summary"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_participants"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_opportunity_id_fkey"
            columns: ["opportunity_id"]
            isOneToOne: false
            referencedRelation: "opportunities_with_status"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "opportunityNotes_sales_id_fkey"
            columns: ["sales_id"]
            isOneToOne: false
            referencedRelation: "sales"
            referencedColumns: ["id"]
          },
        ]
      }
      principal_advocacy_dashboard: {
        Row: {
          advocate_count: number | null
          avg_advocacy_strength: number | null
          moderate_advocates: number | null
          principal_id: number | null
          principal_name: string | null
          reached_organizations: number | null
          strong_advocates: number | null
          weak_advocates: number | null
        }
        Relationships: []
      }
    }
    Functions: {
      add_contact_to_organization: {
        Args: {
          contact: number
          created_by?: number
          is_primary_contact?: boolean
          is_primary_decision_maker?: boolean
          organization: number
          purchase_influence?: string
          role?: Database["public"]["Enums"]["contact_role"]
        }
        Returns: number
      }
      add_principal_advocacy: {
        Args: {
          contact: number
          created_by?: number
          notes?: string
          principal: number
          relationship_type?: string
          strength?: number
        }
        Returns: number
      }
      convert_engagement_to_interaction: {
        Args: { activity_id: number; opportunity_id: number }
        Returns: number
      }
      create_opportunity_with_participants: {
        Args: { opportunity: Json; participants: Json[] }
        Returns: number
      }
      get_activity_timeline: {
        Args: { entity_id: number; entity_type: string; max_rows?: number }
        Returns: {
          activity_date: string
          activity_type: Database["public"]["Enums"]["activity_type"]
          contact_id: number
          contact_name: string
          created_by: number
          description: string
          id: number
          opportunity_id: number
          opportunity_name: string
          organization_id: number
          organization_name: string
          outcome: string
          sentiment: string
          subject: string
          type: Database["public"]["Enums"]["interaction_type"]
        }[]
      }
      get_contact_organizations: {
        Args: { contact: number }
        Returns: {
          decision_authority: string
          id: number
          is_primary_contact: boolean
          is_primary_decision_maker: boolean
          is_primary_organization: boolean
          notes: string
          organization_id: number
          organization_name: string
          purchase_influence: string
          relationship_end_date: string
          relationship_start_date: string
          role: Database["public"]["Enums"]["contact_role"]
        }[]
      }
      get_opportunity_with_participants: {
        Args: { opportunity_id: number }
        Returns: {
          opportunity: Json
          participants: Json
        }[]
      }
      get_organization_contacts: {
        Args: { organization: number }
        Returns: {
          contact_id: number
          contact_name: string
          decision_authority: string
          id: number
          is_primary_contact: boolean
          is_primary_decision_maker: boolean
          is_primary_organization: boolean
          purchase_influence: string
          relationship_end_date: string
          relationship_start_date: string
          role: Database["public"]["Enums"]["contact_role"]
          title: string
        }[]
      }
      log_engagement: {
        Args: {
          activity_date?: string
          contact_id?: number
          created_by?: number
          description?: string
          duration_minutes?: number
          follow_up_date?: string
          follow_up_required?: boolean
          organization_id?: number
          outcome?: string
          subject: string
          type: Database["public"]["Enums"]["interaction_type"]
        }
        Returns: number
      }
      log_interaction: {
        Args: {
          activity_date?: string
          contact_id?: number
          created_by?: number
          description?: string
          duration_minutes?: number
          follow_up_date?: string
          follow_up_required?: boolean
          opportunity_id: number
          organization_id?: number
          outcome?: string
          sentiment?: string
          subject: string
          type: Database["public"]["Enums"]["interaction_type"]
        }
        Returns: number
      }
      merge_contacts: {
        Args: { loser_id: number; winner_id: number }
        Returns: number
      }
      sync_opportunity_participants: {
        Args: { opportunity: number; participants: Json[] }
        Returns: undefined
      }
    }
    Enums: {
      activity_type: "engagement" | "interaction"
      contact_role:
        | "decision_maker"
        | "influencer"
        | "buyer"
        | "end_user"
        | "gatekeeper"
        | "champion"
        | "technical"
        | "executive"
        | "unknown"
      interaction_type:
        | "call"
        | "email"
        | "meeting"
        | "demo"
        | "proposal"
        | "follow_up"
        | "trade_show"
        | "site_visit"
        | "contract_review"
        | "check_in"
        | "social"
        | "visit"
        | "negotiation"
      opportunity_stage:
        | "lead"
        | "qualified"
        | "needs_analysis"
        | "proposal"
        | "negotiation"
        | "closed_won"
        | "closed_lost"
        | "nurturing"
      opportunity_status:
        "active" | "on_hold" | "nurturing" | "stalled" | "expired"
      organization_type:
        | "customer"
        | "principal"
        | "distributor"
        | "prospect"
        | "vendor"
        | "partner"
        | "unknown"
      priority_level: "low" | "medium" | "high" | "critical"
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">]

type SchemaOption = { schema: keyof DatabaseWithoutInternals }

// What `In<"name">` and `In<{ schema: "s" }, "name">` may name in one part of a schema.
type Part<
  Options,
  Kind extends keyof DefaultSchema,
> = Options extends SchemaOption
  ? DatabaseWithoutInternals[Options["schema"]][Kind]
  : DefaultSchema[Kind]

type Relations<Options> = Part<Options, "Tables"> & Part<Options, "Views">

type NameIn<Options, Members> = Options extends SchemaOption
  ? keyof Members
  : never

type Chosen<Options, Name, Members> = Options extends SchemaOption
  ? Name extends keyof Members
    ? Members[Name]
    : never
  : Options extends keyof Members
    ? Members[Options]
    : never

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    keyof (DefaultSchema["Tables"] & DefaultSchema["Views"]) | SchemaOption,
  TableName extends NameIn<
    DefaultSchemaTableNameOrOptions,
    Relations<DefaultSchemaTableNameOrOptions>
  > = never,
> =
  Chosen<
    DefaultSchemaTableNameOrOptions,
    TableName,
    Relations<DefaultSchemaTableNameOrOptions>
  > extends { Row: infer R }
    ? R
    : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema["Tables"] | SchemaOption,
  TableName extends NameIn<
    DefaultSchemaTableNameOrOptions,
    Part<DefaultSchemaTableNameOrOptions, "Tables">
  > = never,
> =
  Chosen<
    DefaultSchemaTableNameOrOptions,
    TableName,
    Part<DefaultSchemaTableNameOrOptions, "Tables">
  > extends { Insert: infer I }
    ? I
    : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema["Tables"] | SchemaOption,
  TableName extends NameIn<
    DefaultSchemaTableNameOrOptions,
    Part<DefaultSchemaTableNameOrOptions, "Tables">
  > = never,
> =
  Chosen<
    DefaultSchemaTableNameOrOptions,
    TableName,
    Part<DefaultSchemaTableNameOrOptions, "Tables">
  > extends { Update: infer U }
    ? U
    : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    keyof DefaultSchema["Enums"] | SchemaOption,
  EnumName extends NameIn<
    DefaultSchemaEnumNameOrOptions,
    Part<DefaultSchemaEnumNameOrOptions, "Enums">
  > = never,
> = Chosen<
  DefaultSchemaEnumNameOrOptions,
  EnumName,
  Part<DefaultSchemaEnumNameOrOptions, "Enums">
>

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    keyof DefaultSchema["CompositeTypes"] | SchemaOption,
  CompositeTypeName extends NameIn<
    PublicCompositeTypeNameOrOptions,
    Part<PublicCompositeTypeNameOrOptions, "CompositeTypes">
  > = never,
> = Chosen<
  PublicCompositeTypeNameOrOptions,
  CompositeTypeName,
  Part<PublicCompositeTypeNameOrOptions, "CompositeTypes">
>

export const Constants = {
  public: {
    Enums: {
      activity_type: ["engagement", "interaction"],
      contact_role: [
        "decision_maker",
        "influencer",
        "buyer",
        "end_user",
        "gatekeeper",
        "champion",
        "technical",
        "executive",
        "unknown",
      ],
      interaction_type: [
        "call",
        "email",
        "meeting",
        "demo",
        "proposal",
        "follow_up",
        "trade_show",
        "site_visit",
        "contract_review",
        "check_in",
        "social",
        "visit",
        "negotiation",
      ],
      opportunity_stage: [
        "lead",
        "qualified",
        "needs_analysis",
        "proposal",
        "negotiation",
        "closed_won",
        "closed_lost",
        "nurturing",
      ],
      opportunity_status: [
        "active",
        "on_hold",
        "nurturing",
        "stalled",
        "expired",
      ],
      organization_type: [
        "customer",
        "principal",
        "distributor",
        "prospect",
        "vendor",
        "partner",
        "unknown",
      ],
      priority_level: ["low", "medium", "high", "critical"],
    },
  },
} as const
